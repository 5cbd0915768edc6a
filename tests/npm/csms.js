// A CSMS on npm's ocpp-rpc in strict mode, which numbers transactions in its own way and remembers what it
// heard. Takes orders from stdin, one JSON line each way.
"use strict";
const { RPCServer } = require("ocpp-rpc");
const { obey, News } = require("./orders.js");

const news = new News();
const stations = {};
const heard = []; // [station, action, payload]
let lastTransaction = 7000;

const ANSWERS = {
  BootNotification: () => ({ currentTime: new Date().toISOString(), interval: 60, status: "Accepted" }),
  Heartbeat: () => ({ currentTime: new Date().toISOString() }),
  StatusNotification: () => ({}),
  MeterValues: () => ({}),
  Authorize: () => ({ idTagInfo: { status: "Accepted" } }),
  StartTransaction: () => ({ transactionId: ++lastTransaction, idTagInfo: { status: "Accepted" } }),
  StopTransaction: () => ({}),
};

const server = new RPCServer({ protocols: ["ocpp1.6"], strictMode: true });
server.on("client", (client) => {
  stations[client.identity] = client;
  for (const [action, answer] of Object.entries(ANSWERS)) {
    client.handle(action, ({ params }) => {
      heard.push([client.identity, action, params]);
      setImmediate(() => news.tell());
      return answer();
    });
  }
});

obey({
  async listen() {
    const http = await server.listen(0, "127.0.0.1");
    return `ws://127.0.0.1:${http.address().port}/ocpp`;
  },
  untilHeard: (action, count) =>
    news.until(() => heard.filter(([, each]) => each === action).length >= count, () => heard),
  call: (station, action, payload) => stations[station].call(action, payload),
});
