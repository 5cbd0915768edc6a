// Orders from stdin, `[name, arguments...]` a line, each answered by one JSON line on stdout.
"use strict";
const readline = require("node:readline");

async function obey(orders) {
  for await (const line of readline.createInterface({ input: process.stdin })) {
    const [name, ...given] = JSON.parse(line);
    let answer;
    try {
      answer = await orders[name](...given);
    } catch (error) {
      answer = { error: `${error.code ?? error.name}: ${error.message}` };
    }
    process.stdout.write(JSON.stringify(answer) + "\n");
  }
  process.exit(0);
}

// Wakes whoever waits for something to become so.
class News {
  constructor() {
    this.waiting = [];
  }

  tell() {
    for (const look of [...this.waiting]) look();
  }

  until(isSo, answer) {
    return new Promise((resolve) => {
      const look = () => {
        if (!isSo()) return;
        this.waiting = this.waiting.filter((each) => each !== look);
        resolve(answer());
      };
      this.waiting.push(look);
      look();
    });
  }
}

module.exports = { obey, News };
