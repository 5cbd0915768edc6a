// A central system on npm's ocpp-rpc in strict mode, which answers at once and keeps nothing.
// Takes orders from stdin, one JSON line each way.
"use strict";
const { RPCServer } = require("ocpp-rpc");
const { obey } = require("./orders.js");

const ANSWERS = {
  BootNotification: () => ({ currentTime: new Date().toISOString(), interval: 60, status: "Accepted" }),
  Heartbeat: () => ({ currentTime: new Date().toISOString() }),
  StatusNotification: () => ({}),
  MeterValues: () => ({}),
  StartTransaction: () => ({ transactionId: 77, idTagInfo: { status: "Accepted" } }),
};

async function main() {
  const server = new RPCServer({ protocols: ["ocpp1.6"], strictMode: true });
  server.on("client", (client) => {
    for (const [action, answer] of Object.entries(ANSWERS)) client.handle(action, answer);
  });
  const http = await server.listen(0, "127.0.0.1");
  obey({
    url: () => `ws://127.0.0.1:${http.address().port}/ocpp`,
    spent: () => {
      const { user, system } = process.cpuUsage();
      return { cpu_ns: (user + system) * 1000 };
    },
  });
}

main();
