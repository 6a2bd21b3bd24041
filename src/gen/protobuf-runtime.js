// Written by scripts/gen-proto.sh: protobufjs without Long, so that uint64 fields decode to number.
import protobuf from "protobufjs/minimal.js";

protobuf.util.Long = undefined;
protobuf.configure();

export default protobuf;
