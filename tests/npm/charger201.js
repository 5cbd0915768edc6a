// A charging station of OCPP 2.0.1 with one EVSE on npm's ocpp-rpc in strict mode: what it sends and what it
// is sent is checked against its schemas. Takes orders from stdin, one JSON line each way.
"use strict";
const { RPCClient } = require("ocpp-rpc");
const { obey, News } = require("./orders.js");

const news = new News();
const profiles = {}; // TxDefaultProfiles by stack level, as last set
const heard = {}; // how often each action was asked
const broken = []; // what did not fit its schema
let client;

const named = (rows, result) => rows.map(({ component, variable }) => ({ component, variable, ...result }));
const accepted = () => ({ status: "Accepted" });

const ANSWERS = {
  SetChargingProfile: ({ params }) => {
    const profile = params.chargingProfile;
    if (profile.chargingProfilePurpose === "TxDefaultProfile") profiles[profile.stackLevel] = profile;
    return accepted();
  },
  ClearChargingProfile: () => ({ status: "Unknown" }),
  GetCompositeSchedule: () => ({ status: "Rejected" }),
  GetVariables: ({ params }) => ({
    getVariableResult: named(params.getVariableData, { attributeStatus: "Accepted", attributeValue: "4" }),
  }),
  SetVariables: ({ params }) => ({
    setVariableResult: named(params.setVariableData, { attributeStatus: "Accepted" }),
  }),
  GetBaseReport: () => ({ status: "NotSupported" }),
  GetTransactionStatus: () => ({ messagesInQueue: false, ongoingIndicator: true }),
  GetLocalListVersion: () => ({ versionNumber: 3 }),
  GetInstalledCertificateIds: () => ({ status: "NotFound" }),
  DataTransfer: () => ({ status: "UnknownVendorId" }),
};
const ACCEPTED = [
  "CancelReservation", "CertificateSigned", "ChangeAvailability", "ClearCache", "DeleteCertificate", "GetLog",
  "InstallCertificate", "RequestStartTransaction", "RequestStopTransaction", "ReserveNow", "Reset",
  "SendLocalList", "TriggerMessage", "UpdateFirmware",
];
for (const action of ACCEPTED) ANSWERS[action] = accepted;
ANSWERS.UnlockConnector = () => ({ status: "Unlocked" });

obey({
  async connect(endpoint, identity) {
    client = new RPCClient({ endpoint, identity, protocols: ["ocpp2.0.1"], strictMode: true });
    client.on("strictValidationFailure", ({ error }) => broken.push(`${error}`));
    for (const [action, answer] of Object.entries(ANSWERS)) {
      client.handle(action, (call) => {
        heard[action] = (heard[action] ?? 0) + 1;
        setImmediate(() => news.tell());
        return answer(call);
      });
    }
    await client.connect();
    return {};
  },
  call: (action, payload) => client.call(action, payload),
  // The upper profile's limit, once it is this one.
  untilOffered: (amperes) =>
    news.until(
      () => profiles[1]?.chargingSchedule[0].chargingSchedulePeriod[0].limit === amperes,
      () => profiles,
    ),
  judged: () => ({ heard, broken }),
  async end() {
    await client.close();
    return {};
  },
});
