import { describe, expect, test } from "bun:test";
import { inspect } from "node:util";
import { ConfigError } from "../../src/config/config.ts";
import { describe as describeConfig, inboundQueueLength } from "../../src/config/describe.ts";
import { type Environment, loadConfig } from "../../src/config/load.ts";
import { SECTIONS, SETTING_ROWS, variableOf } from "../../src/config/settings.ts";

const MIB = 2 ** 20;
const load = (environment: Environment = {}, flags: Record<string, string> = {}) =>
  loadConfig(new Map(Object.entries(flags)), environment);

describe("a setting that had another name", () => {
  test("is taken under it, by flag and by variable, with a warning; the name of today wins", () => {
    const byFlag = load({}, { "s3-attempt-ttl": "2h" });
    expect([byFlag.config.s3PendingWriteTtlMs, byFlag.warnings]).toEqual([
      2 * 3_600_000,
      ["--s3-attempt-ttl is now called --s3-pending-write-ttl"],
    ]);
    const byVariable = load({ ELASTICKV_S3_ATTEMPT_TTL: "3h" });
    expect([byVariable.config.s3PendingWriteTtlMs, byVariable.warnings]).toEqual([
      3 * 3_600_000,
      ["ELASTICKV_S3_ATTEMPT_TTL is now called ELASTICKV_S3_PENDING_WRITE_TTL"],
    ]);
    const both = load({ ELASTICKV_S3_ATTEMPT_TTL: "3h", ELASTICKV_S3_PENDING_WRITE_TTL: "4h" });
    expect(both.config.s3PendingWriteTtlMs).toBe(4 * 3_600_000);
  });

  test("names of yesterday are no names of today", () => {
    const flags = SETTING_ROWS.map(([, row]) => row.flag);
    const former = SETTING_ROWS.flatMap(([, row]) => row.formerly ?? []);
    expect(former.filter((flag) => flags.includes(flag))).toEqual([]);
  });
});

describe("the table", () => {
  test("flags and variables are unique, and lower-case words joined by dashes", () => {
    const flags = SETTING_ROWS.map(([, row]) => row.flag);
    expect(new Set(flags).size).toBe(flags.length);
    for (const flag of flags) expect(flag).toMatch(/^[a-z][a-z0-9]*(-[a-z0-9]+)*$/);
  });

  test("every default passes its own bounds, reads back as itself, and has a section", () => {
    for (const [name, row] of SETTING_ROWS) {
      expect(SECTIONS).toContain(row.section);
      const shown = row.type.format(row.default);
      if (shown !== "") expect([name, row.type.parse(shown)]).toEqual([name, row.default]);
    }
  });

  test("the names that the design fixes", () => {
    const variables = SETTING_ROWS.map(([, row]) => variableOf(row));
    for (const name of [
      "ELASTICKV_DATA_DIR",
      "ELASTICKV_S3_ADDRESS",
      "ELASTICKV_ADMIN_ADDRESS",
      "ELASTICKV_PEER_ADDRESS",
      "ELASTICKV_ROOT_ACCESS_KEY",
      "ELASTICKV_ROOT_SECRET_KEY",
      "ELASTICKV_FSM_SYNC_MODE",
      "ELASTICKV_RAFT_MAX_INFLIGHT_MSGS",
      "ELASTICKV_RAFT_MAX_SIZE_PER_MSG",
      "ELASTICKV_RAFT_MAX_INFLIGHT_BYTES",
      "ELASTICKV_RAFT_DISPATCHER_LANES",
      "ELASTICKV_RAFT_SNAPSHOT_COUNT",
      "ELASTICKV_RAFT_MAX_WAL_FILES",
      "ELASTICKV_S3_PUT_ADMISSION_MAX_INFLIGHT_BYTES",
      "ELASTICKV_S3_DISPATCH_ADMISSION_TIMEOUT",
      "ELASTICKV_S3_PUT_ADMISSION_CHUNKED_INCREMENTAL",
    ]) {
      expect(variables).toContain(name);
    }
  });
});

describe("precedence", () => {
  test("nothing given: the defaults", () => {
    const { config, sources, warnings } = load();
    expect(config.s3Address).toEqual({ host: "127.0.0.1", port: 9000 });
    expect(config.adminAddress.port).toBe(9001);
    expect(config.peerAddress).toBeUndefined();
    expect(config.initialCluster).toEqual([]);
    expect(config.raftDispatcherLanes).toBe(true);
    expect(config.raftMaxInflightMsgs).toBe(512);
    expect(config.raftMaxSizePerMsg).toBe(4 * MIB);
    expect(config.raftMaxInflightBytes).toBe(64 * MIB);
    expect(config.s3PutAdmissionMaxInflightBytes).toBe(256 * MIB);
    expect(config.s3DispatchAdmissionTimeoutMs).toBe(30_000);
    expect(config.s3PutAdmissionChunkedIncremental).toBe(true);
    expect(config.fsmSyncMode).toBe("sync");
    expect(new Set(Object.values(sources))).toEqual(new Set(["default"]));
    expect(warnings).toEqual([]);
  });

  test("a variable beats the default and a flag beats the variable", () => {
    const environment = { ELASTICKV_DATA_DIR: "/from/env", ELASTICKV_REGION: "eu-north-1" };
    const { config, sources } = load(environment, { "data-dir": "/from/flag" });
    expect(config.dataDir).toBe("/from/flag");
    expect(config.region).toBe("eu-north-1");
    expect(loadConfig(new Map(), {}).config.region).toBeUndefined();
    expect(sources.dataDir).toBe("flag");
    expect(sources.region).toBe("environment");
  });

  test("a bad variable under a good flag does no harm", () =>
    expect(load({ ELASTICKV_S3_ADDRESS: "junk" }, { "s3-address": ":1" }).config.s3Address.port).toBe(1));

  test("an empty variable is not set", () =>
    expect(load({ ELASTICKV_DATA_DIR: "" }).sources.dataDir).toBe("default"));

  test("the result is frozen", () => {
    const { config } = load();
    expect(Object.isFrozen(config)).toBe(true);
    expect(() => Object.assign(config, { dataDir: "x" })).toThrow(TypeError);
  });
});

describe("bad values", () => {
  test.each([
    ["ELASTICKV_S3_ADDRESS", "nowhere", 'ELASTICKV_S3_ADDRESS: "nowhere" is not an address'],
    ["ELASTICKV_NODE_ID", "a b", 'ELASTICKV_NODE_ID: "a b" is not'],
    ["ELASTICKV_SHUTDOWN_GRACE", "20", 'ELASTICKV_SHUTDOWN_GRACE: "20" has no unit'],
    ["ELASTICKV_SHUTDOWN_GRACE", "1d", "is outside 0 .. 10m"],
    ["ELASTICKV_LOG_LEVEL", "loud", "is not one of debug, info, warn, error"],
    ["ELASTICKV_S3_DOMAINS", "ok.example,b@d", 'contains "b@d"'],
    ["ELASTICKV_INITIAL_CLUSTER", "n1", 'contains "n1", which is not NAME=HOST:PORT'],
    ["ELASTICKV_INITIAL_CLUSTER", "n1=h:1,,n2=h:2", "has an empty entry"],
    ["ELASTICKV_INITIAL_CLUSTER", "n1=h:1,n1=h:2", "has the name n1 twice"],
    ["ELASTICKV_INITIAL_CLUSTER", "n1=h:1,n2=H:1", "has the address h:1 twice"],
    ["ELASTICKV_INITIAL_CLUSTER", "n1=:9002", "cannot dial a wildcard"],
    ["ELASTICKV_INITIAL_CLUSTER", "n1=h:0", "cannot dial port 0"],
    ["ELASTICKV_JOIN", "-=h:1", 'contains the name "-"'],
  ])("%s=%s refuses to start", (variable, value, message) => {
    expect(() => load({ [variable]: value })).toThrow(ConfigError);
    expect(() => load({ [variable]: value })).toThrow(message);
  });

  test("a NUL byte in a path refuses to start", () =>
    expect(() => load({ ELASTICKV_DATA_DIR: "a\0b" })).toThrow("ELASTICKV_DATA_DIR: "));

  test("the error names the flag when the flag was given", () =>
    expect(() => load({}, { "node-id": "!" })).toThrow('--node-id: "!"'));

  test.each([
    [
      "ELASTICKV_RAFT_MAX_INFLIGHT_MSGS",
      "raftMaxInflightMsgs",
      ["0", "65537", "-1", "many", "1.5", "0x10"],
      512,
      "512",
    ],
    ["ELASTICKV_RAFT_MAX_SIZE_PER_MSG", "raftMaxSizePerMsg", ["1023", "65MiB", "4MB", ""], 4 * MIB, "4MiB"],
    ["ELASTICKV_RAFT_MAX_INFLIGHT_BYTES", "raftMaxInflightBytes", ["0", "4194303", "x"], 64 * MIB, "64MiB"],
    [
      "ELASTICKV_S3_PUT_ADMISSION_MAX_INFLIGHT_BYTES",
      "s3PutAdmissionMaxInflightBytes",
      ["1", "-"],
      256 * MIB,
      "256MiB",
    ],
    ["ELASTICKV_S3_DISPATCH_ADMISSION_TIMEOUT", "s3DispatchAdmissionTimeoutMs", ["30", "0"], 30_000, "30s"],
    [
      "ELASTICKV_S3_PUT_ADMISSION_CHUNKED_INCREMENTAL",
      "s3PutAdmissionChunkedIncremental",
      ["maybe", "constructor"],
      true,
      "true",
    ],
    ["ELASTICKV_FSM_SYNC_MODE", "fsmSyncMode", ["off", "no sync"], "sync", "sync"],
    ["ELASTICKV_RAFT_DISPATCHER_LANES", "raftDispatcherLanes", ["2", "four"], true, "true"],
  ] as const)("%s falls back to its default with a warning", (variable, name, values, fallback, shown) => {
    for (const value of values) {
      const { config, warnings, sources } = load({ [variable]: value });
      expect([value, config[name]]).toEqual([value, fallback]);
      expect(sources[name]).toBe("default");
      if (value === "") continue; // not set: nothing to warn about
      expect(warnings).toHaveLength(1);
      expect(warnings[0]).toContain(`${variable}: "${value}" `);
      expect(warnings[0]).toEndWith(`using the default ${shown}`);
    }
  });

  test("no flag is ever replaced by a default or by its variable: every setting that has bounds or words refuses a bad one", () => {
    const flags = SETTING_ROWS.filter(
      ([, { type }]) => type.isSecret !== true && type.placeholder !== "PATH",
    );
    expect(flags.length).toBeGreaterThan(25);
    for (const [, row] of flags) {
      const call = () =>
        load({ [variableOf(row)]: row.type.format(row.default) }, { [row.flag]: "\u0001 ?" });
      expect(call).toThrow(ConfigError);
      expect(call).toThrow(`--${row.flag}: `);
    }
  });

  test("a flag that does not fit another setting is an error too", () => {
    const small = { "raft-max-inflight-bytes": "5MiB", "raft-max-size-per-msg": "8MiB" };
    expect(() => load({}, small)).toThrow(
      '--raft-max-inflight-bytes: "5MiB" is below raft-max-size-per-msg (8MiB)',
    );
    expect(
      load({ ELASTICKV_RAFT_MAX_INFLIGHT_BYTES: "5MiB" }, { "raft-max-size-per-msg": "8MiB" }).warnings,
    ).toHaveLength(1);
  });

  test("the bounds themselves are accepted", () => {
    expect(load({ ELASTICKV_RAFT_MAX_INFLIGHT_MSGS: "1" }).config.raftMaxInflightMsgs).toBe(1);
    expect(load({ ELASTICKV_RAFT_MAX_INFLIGHT_MSGS: "65536" }).config.raftMaxInflightMsgs).toBe(65_536);
    expect(load({ ELASTICKV_RAFT_MAX_SIZE_PER_MSG: "1KiB" }).config.raftMaxSizePerMsg).toBe(1024);
    const { config, warnings } = load({ ELASTICKV_RAFT_MAX_SIZE_PER_MSG: "64MiB" });
    expect(config.raftMaxSizePerMsg).toBe(64 * MIB);
    expect(config.raftMaxInflightBytes).toBe(64 * MIB);
    expect(warnings).toEqual([]);
  });

  test("bytes in flight below one message fall back, as seen from either variable", () => {
    const { config, warnings } = load({
      ELASTICKV_RAFT_MAX_SIZE_PER_MSG: "8MiB",
      ELASTICKV_RAFT_MAX_INFLIGHT_BYTES: "5MiB",
    });
    expect(config.raftMaxSizePerMsg).toBe(8 * MIB);
    expect(config.raftMaxInflightBytes).toBe(64 * MIB);
    expect(warnings).toEqual([
      'ELASTICKV_RAFT_MAX_INFLIGHT_BYTES: "5MiB" is below raft-max-size-per-msg (8MiB); using the default 64MiB',
    ]);
  });

  test("0 falls back to two lanes", () => {
    expect(load({ ELASTICKV_RAFT_DISPATCHER_LANES: "0" }).config.raftDispatcherLanes).toBe(false);
    expect(load({ ELASTICKV_RAFT_DISPATCHER_LANES: "1" }).config.raftDispatcherLanes).toBe(true);
  });

  test("the sync mode ignores case and blanks", () => {
    const { config, warnings } = load({ ELASTICKV_FSM_SYNC_MODE: "  NoSync " });
    expect(config.fsmSyncMode).toBe("nosync");
    expect(warnings).toEqual([]);
  });
});

describe("unknown variables", () => {
  test("are warned about, with the likely name", () =>
    expect(load({ ELASTICKV_DATADIR: "/x" }).warnings).toEqual([
      "ELASTICKV_DATADIR: no such setting; did you mean ELASTICKV_DATA_DIR?",
    ]));
  test("without a guess when nothing is near", () =>
    expect(load({ ELASTICKV_FROBNICATE_EVERYTHING_NOW: "1" }).warnings).toEqual([
      "ELASTICKV_FROBNICATE_EVERYTHING_NOW: no such setting",
    ]));
  test("of others are no business of ours", () =>
    expect(load({ PATH: "/bin", ELASTICKV_TEST_SEED: "1", ELASTIC: "x" }).warnings).toEqual([]));
});

describe("describe", () => {
  test("one line per setting that is not at its default, then the raft limits", () => {
    const lines = describeConfig(load({ ELASTICKV_NODE_ID: "n7" }, { "raft-max-inflight-msgs": "16" }));
    expect(lines).toEqual([
      { message: "setting", fields: { name: "node-id", value: "n7", source: "environment" } },
      { message: "setting", fields: { name: "raft-max-inflight-msgs", value: "16", source: "flag" } },
      {
        message: "raft message limits",
        fields: {
          node: "n7",
          max_inflight_msgs: 16,
          max_size_per_msg: "4MiB",
          max_inflight_bytes: "64MiB",
          inbound_queue: 256,
        },
      },
    ]);
  });

  test("secrets never show", () => {
    const loaded = load({
      ELASTICKV_ROOT_ACCESS_KEY: "admin-key",
      ELASTICKV_ROOT_SECRET_KEY: "do-not-show-this",
    });
    expect(loaded.config.rootSecretKey?.reveal()).toBe("do-not-show-this");
    for (const text of [
      JSON.stringify(describeConfig(loaded)),
      JSON.stringify(loaded),
      inspect(loaded, { depth: 9, showHidden: true }),
      `${loaded.config.rootSecretKey}`,
    ]) {
      expect(text).not.toContain("do-not-show-this");
    }
  });

  test("the inbound queue has a floor", () => {
    expect(inboundQueueLength({ raftMaxInflightMsgs: 1 })).toBe(256);
    expect(inboundQueueLength({ raftMaxInflightMsgs: 4096 })).toBe(4096);
  });
});
