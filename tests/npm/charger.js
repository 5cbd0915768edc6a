// A charging station with one connector on npm's ocpp-rpc in strict mode: what it sends and what it is sent
// is checked against its schemas. Takes orders from stdin, one JSON line each way.
"use strict";
const { RPCClient } = require("ocpp-rpc");
const { obey, News } = require("./orders.js");

const news = new News();
const profiles = {}; // TxDefaultProfiles by stack level, as last set
const commands = [];
let client;

const ANSWERS = {
  SetChargingProfile: ({ params }) => {
    const profile = params.csChargingProfiles;
    if (profile.chargingProfilePurpose === "TxDefaultProfile") profiles[profile.stackLevel] = profile;
    return { status: "Accepted" };
  },
  ClearChargingProfile: () => ({ status: "Unknown" }),
  GetConfiguration: ({ params }) => ({ unknownKey: params.key ?? [] }),
  ChangeConfiguration: () => ({ status: "Accepted" }),
  TriggerMessage: () => ({ status: "NotImplemented" }),
  RemoteStartTransaction: () => ({ status: "Accepted" }),
  RemoteStopTransaction: () => ({ status: "Accepted" }),
  Reset: () => ({ status: "Accepted" }),
  UnlockConnector: () => ({ status: "NotSupported" }),
};

const limitA = (level) => profiles[level]?.chargingSchedule.chargingSchedulePeriod[0].limit;

obey({
  async connect(endpoint, identity) {
    client = new RPCClient({ endpoint, identity, protocols: ["ocpp1.6"], strictMode: true });
    for (const [action, answer] of Object.entries(ANSWERS)) {
      client.handle(action, (call) => {
        commands.push([action, call.params]);
        setImmediate(() => news.tell());
        return answer(call);
      });
    }
    await client.connect();
    return {};
  },
  call: (action, payload) => client.call(action, payload),
  // The upper profile's limit, once it is this one.
  untilOffered: (amperes) => news.until(() => limitA(1) === amperes, () => profiles),
  untilCommanded: (action) =>
    news.until(() => commands.some(([each]) => each === action), () => commands),
  async end() {
    await client.close();
    return {};
  },
});
