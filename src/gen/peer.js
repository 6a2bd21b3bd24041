/*eslint-disable block-scoped-var, id-length, no-control-regex, no-magic-numbers, no-mixed-operators, no-prototype-builtins, no-redeclare, no-shadow, no-var, sort-vars, default-case, jsdoc/require-param*/
import $protobuf from "./protobuf-runtime.js";

// Common aliases
const $Reader = $protobuf.Reader, $Writer = $protobuf.Writer, $util = $protobuf.util;
const $Object = $util.global.Object, $undefined = $util.global.undefined, $Error = $util.global.Error, $RangeError = $util.global.RangeError;

// Exported root namespace
const $root = $protobuf.roots["elastickv_peer"] || ($protobuf.roots["elastickv_peer"] = {});

export const elastickv = $root.elastickv = (() => {

    /**
     * Namespace elastickv.
     * @exports elastickv
     * @namespace
     */
    const elastickv = {};

    elastickv.peer = (function() {

        /**
         * Namespace peer.
         * @memberof elastickv
         * @namespace
         */
        const peer = {};

        peer.Hello = (function() {

            /**
             * Properties of a Hello.
             * @typedef {Object} elastickv.peer.Hello.$Properties
             * @property {string|null} [clusterId] Hello clusterId
             * @property {number|null} [id] Hello id
             * @property {string|null} [name] Hello name
             * @property {string|null} [instance] Hello instance
             * @property {number|null} [protocol] Hello protocol
             * @property {string|null} [version] Hello version
             * @property {Array.<string>|null} [capabilities] Hello capabilities
             * @property {string|null} [address] Hello address
             * @property {number|null} [lane] Hello lane
             * @property {number|null} [maxFrameBytes] Hello maxFrameBytes
             * @property {string|null} [boot] Hello boot
             * @property {string|null} [lastIncarnationOfYou] Hello lastIncarnationOfYou
             * @property {string|null} [blobAddress] Hello blobAddress
             * @property {string|null} [instanceOfYou] Hello instanceOfYou
             * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
             */

            /**
             * Properties of a Hello.
             * @memberof elastickv.peer
             * @interface IHello
             * @augments elastickv.peer.Hello.$Properties
             * @deprecated Use elastickv.peer.Hello.$Properties instead.
             */

            /**
             * Shape of a Hello.
             * @typedef {elastickv.peer.Hello.$Properties} elastickv.peer.Hello.$Shape
             */

            /**
             * Constructs a new Hello.
             * @memberof elastickv.peer
             * @classdesc Represents a Hello.
             * @constructor
             * @param {elastickv.peer.Hello.$Properties=} [properties] Properties to set
             * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
             */
            const Hello = function (properties) {
                this.capabilities = [];
                if (properties)
                    for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                        if (properties[keys[i]] != null && keys[i] !== "__proto__")
                            this[keys[i]] = properties[keys[i]];
            };

            /**
             * Hello clusterId.
             * @member {string} clusterId
             * @memberof elastickv.peer.Hello
             * @instance
             */
            Hello.prototype.clusterId = "";

            /**
             * Hello id.
             * @member {number} id
             * @memberof elastickv.peer.Hello
             * @instance
             */
            Hello.prototype.id = $util.Long ? $util.Long.fromBits(0,0,true) : 0;

            /**
             * Hello name.
             * @member {string} name
             * @memberof elastickv.peer.Hello
             * @instance
             */
            Hello.prototype.name = "";

            /**
             * Hello instance.
             * @member {string} instance
             * @memberof elastickv.peer.Hello
             * @instance
             */
            Hello.prototype.instance = "";

            /**
             * Hello protocol.
             * @member {number} protocol
             * @memberof elastickv.peer.Hello
             * @instance
             */
            Hello.prototype.protocol = 0;

            /**
             * Hello version.
             * @member {string} version
             * @memberof elastickv.peer.Hello
             * @instance
             */
            Hello.prototype.version = "";

            /**
             * Hello capabilities.
             * @member {Array.<string>} capabilities
             * @memberof elastickv.peer.Hello
             * @instance
             */
            Hello.prototype.capabilities = $util.emptyArray;

            /**
             * Hello address.
             * @member {string} address
             * @memberof elastickv.peer.Hello
             * @instance
             */
            Hello.prototype.address = "";

            /**
             * Hello lane.
             * @member {number} lane
             * @memberof elastickv.peer.Hello
             * @instance
             */
            Hello.prototype.lane = 0;

            /**
             * Hello maxFrameBytes.
             * @member {number} maxFrameBytes
             * @memberof elastickv.peer.Hello
             * @instance
             */
            Hello.prototype.maxFrameBytes = $util.Long ? $util.Long.fromBits(0,0,true) : 0;

            /**
             * Hello boot.
             * @member {string} boot
             * @memberof elastickv.peer.Hello
             * @instance
             */
            Hello.prototype.boot = "";

            /**
             * Hello lastIncarnationOfYou.
             * @member {string} lastIncarnationOfYou
             * @memberof elastickv.peer.Hello
             * @instance
             */
            Hello.prototype.lastIncarnationOfYou = "";

            /**
             * Hello blobAddress.
             * @member {string} blobAddress
             * @memberof elastickv.peer.Hello
             * @instance
             */
            Hello.prototype.blobAddress = "";

            /**
             * Hello instanceOfYou.
             * @member {string} instanceOfYou
             * @memberof elastickv.peer.Hello
             * @instance
             */
            Hello.prototype.instanceOfYou = "";

            /**
             * Encodes the specified Hello message. Does not implicitly {@link elastickv.peer.Hello.verify|verify} messages.
             * @function encode
             * @memberof elastickv.peer.Hello
             * @static
             * @param {elastickv.peer.Hello.$Properties} message Hello message or plain object to encode
             * @param {$protobuf.Writer} [writer] Writer to encode to
             * @returns {$protobuf.Writer} Writer
             */
            Hello.encode = function (message, writer, _depth) {
                if (!writer)
                    writer = $Writer.create();
                if (_depth === $undefined)
                    _depth = 0;
                if (_depth > $util.recursionLimit)
                    throw $Error("max depth exceeded");
                if (message.clusterId != null && $Object.hasOwnProperty.call(message, "clusterId"))
                    writer.uint32(/* id 1, wireType 2 =*/10).string(message.clusterId);
                if (message.id != null && $Object.hasOwnProperty.call(message, "id"))
                    writer.uint32(/* id 2, wireType 0 =*/16).uint64(message.id);
                if (message.name != null && $Object.hasOwnProperty.call(message, "name"))
                    writer.uint32(/* id 3, wireType 2 =*/26).string(message.name);
                if (message.instance != null && $Object.hasOwnProperty.call(message, "instance"))
                    writer.uint32(/* id 4, wireType 2 =*/34).string(message.instance);
                if (message.protocol != null && $Object.hasOwnProperty.call(message, "protocol"))
                    writer.uint32(/* id 5, wireType 0 =*/40).uint32(message.protocol);
                if (message.version != null && $Object.hasOwnProperty.call(message, "version"))
                    writer.uint32(/* id 6, wireType 2 =*/50).string(message.version);
                if (message.capabilities != null && message.capabilities.length)
                    for (let i = 0; i < message.capabilities.length; ++i)
                        writer.uint32(/* id 7, wireType 2 =*/58).string(message.capabilities[i]);
                if (message.address != null && $Object.hasOwnProperty.call(message, "address"))
                    writer.uint32(/* id 8, wireType 2 =*/66).string(message.address);
                if (message.lane != null && $Object.hasOwnProperty.call(message, "lane"))
                    writer.uint32(/* id 9, wireType 0 =*/72).uint32(message.lane);
                if (message.maxFrameBytes != null && $Object.hasOwnProperty.call(message, "maxFrameBytes"))
                    writer.uint32(/* id 10, wireType 0 =*/80).uint64(message.maxFrameBytes);
                if (message.boot != null && $Object.hasOwnProperty.call(message, "boot"))
                    writer.uint32(/* id 11, wireType 2 =*/90).string(message.boot);
                if (message.lastIncarnationOfYou != null && $Object.hasOwnProperty.call(message, "lastIncarnationOfYou"))
                    writer.uint32(/* id 12, wireType 2 =*/98).string(message.lastIncarnationOfYou);
                if (message.instanceOfYou != null && $Object.hasOwnProperty.call(message, "instanceOfYou"))
                    writer.uint32(/* id 13, wireType 2 =*/106).string(message.instanceOfYou);
                if (message.blobAddress != null && $Object.hasOwnProperty.call(message, "blobAddress"))
                    writer.uint32(/* id 14, wireType 2 =*/114).string(message.blobAddress);
                if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                    for (let i = 0; i < message.$unknowns.length; ++i)
                        writer.raw(message.$unknowns[i]);
                return writer;
            };

            /**
             * Decodes a Hello message from the specified reader or buffer.
             * @function decode
             * @memberof elastickv.peer.Hello
             * @static
             * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
             * @param {number} [length] Message length if known beforehand
             * @returns {elastickv.peer.Hello & elastickv.peer.Hello.$Shape} Hello
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            Hello.decode = function (reader, length, _end, _depth, _target) {
                if (!(reader instanceof $Reader))
                    reader = $Reader.create(reader);
                if (_depth === $undefined)
                    _depth = 0;
                if (_depth > $Reader.recursionLimit)
                    throw $Error("max depth exceeded");
                let end, message;
                if (length === $undefined)
                    end = reader.len;
                else {
                    end = reader.pos + length;
                    if (end > reader.len)
                        throw $RangeError("index out of range");
                    length = reader.len;
                    reader.len = end;
                }
                message = _target || new $root.elastickv.peer.Hello();
                while (reader.pos < end) {
                    let start = reader.pos;
                    let tag = reader.tag();
                    if (tag === _end) {
                        _end = $undefined;
                        break;
                    }
                    let wireType = tag & 7;
                    switch (tag >>>= 3) {
                    case 1: {
                            if (wireType !== 2)
                                break;
                            message.clusterId = reader.string();
                            continue;
                        }
                    case 2: {
                            if (wireType !== 0)
                                break;
                            message.id = reader.uint64();
                            continue;
                        }
                    case 3: {
                            if (wireType !== 2)
                                break;
                            message.name = reader.string();
                            continue;
                        }
                    case 4: {
                            if (wireType !== 2)
                                break;
                            message.instance = reader.string();
                            continue;
                        }
                    case 5: {
                            if (wireType !== 0)
                                break;
                            message.protocol = reader.uint32();
                            continue;
                        }
                    case 6: {
                            if (wireType !== 2)
                                break;
                            message.version = reader.string();
                            continue;
                        }
                    case 7: {
                            if (wireType !== 2)
                                break;
                            if (!(message.capabilities && message.capabilities.length))
                                message.capabilities = [];
                            message.capabilities.push(reader.string());
                            continue;
                        }
                    case 8: {
                            if (wireType !== 2)
                                break;
                            message.address = reader.string();
                            continue;
                        }
                    case 9: {
                            if (wireType !== 0)
                                break;
                            message.lane = reader.uint32();
                            continue;
                        }
                    case 10: {
                            if (wireType !== 0)
                                break;
                            message.maxFrameBytes = reader.uint64();
                            continue;
                        }
                    case 11: {
                            if (wireType !== 2)
                                break;
                            message.boot = reader.string();
                            continue;
                        }
                    case 12: {
                            if (wireType !== 2)
                                break;
                            message.lastIncarnationOfYou = reader.string();
                            continue;
                        }
                    case 14: {
                            if (wireType !== 2)
                                break;
                            message.blobAddress = reader.string();
                            continue;
                        }
                    case 13: {
                            if (wireType !== 2)
                                break;
                            message.instanceOfYou = reader.string();
                            continue;
                        }
                    }
                    reader.skipType(wireType, _depth, tag);
                    if (!reader.discardUnknown) {
                        $util.makeProp(message, "$unknowns", false);
                        (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
                    }
                }
                if (length !== $undefined) {
                    if (reader.pos !== end)
                        throw $RangeError("index out of range");
                    reader.len = length;
                }
                if (_end !== $undefined)
                    throw $Error("missing end group");
                return message;
            };

            return Hello;
        })();

        /**
         * RefusalCode enum.
         * @name elastickv.peer.RefusalCode
         * @enum {number}
         * @property {number} REFUSAL_NONE=0 REFUSAL_NONE value
         * @property {number} WRONG_CLUSTER=1 WRONG_CLUSTER value
         * @property {number} WRONG_NODE=2 WRONG_NODE value
         * @property {number} WRONG_INSTANCE=3 WRONG_INSTANCE value
         * @property {number} UNKNOWN_MEMBER=4 UNKNOWN_MEMBER value
         * @property {number} REMOVED=5 REMOVED value
         * @property {number} PROTOCOL=6 PROTOCOL value
         * @property {number} CERTIFICATE=7 CERTIFICATE value
         * @property {number} NOT_READY=8 NOT_READY value
         * @property {number} ROLLED_BACK=9 ROLLED_BACK value
         * @property {number} UNAUTHENTICATED=10 UNAUTHENTICATED value
         */
        peer.RefusalCode = (function() {
            const valuesById = $Object.create(null), values = $Object.create(valuesById);
            values[valuesById[0] = "REFUSAL_NONE"] = 0;
            values[valuesById[1] = "WRONG_CLUSTER"] = 1;
            values[valuesById[2] = "WRONG_NODE"] = 2;
            values[valuesById[3] = "WRONG_INSTANCE"] = 3;
            values[valuesById[4] = "UNKNOWN_MEMBER"] = 4;
            values[valuesById[5] = "REMOVED"] = 5;
            values[valuesById[6] = "PROTOCOL"] = 6;
            values[valuesById[7] = "CERTIFICATE"] = 7;
            values[valuesById[8] = "NOT_READY"] = 8;
            values[valuesById[9] = "ROLLED_BACK"] = 9;
            values[valuesById[10] = "UNAUTHENTICATED"] = 10;
            return values;
        })();

        peer.HandshakeResult = (function() {

            /**
             * Properties of a HandshakeResult.
             * @typedef {Object} elastickv.peer.HandshakeResult.$Properties
             * @property {boolean|null} [ok] HandshakeResult ok
             * @property {elastickv.peer.RefusalCode|null} [code] HandshakeResult code
             * @property {string|null} [message] HandshakeResult message
             * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
             */

            /**
             * Properties of a HandshakeResult.
             * @memberof elastickv.peer
             * @interface IHandshakeResult
             * @augments elastickv.peer.HandshakeResult.$Properties
             * @deprecated Use elastickv.peer.HandshakeResult.$Properties instead.
             */

            /**
             * Shape of a HandshakeResult.
             * @typedef {elastickv.peer.HandshakeResult.$Properties} elastickv.peer.HandshakeResult.$Shape
             */

            /**
             * Constructs a new HandshakeResult.
             * @memberof elastickv.peer
             * @classdesc Represents a HandshakeResult.
             * @constructor
             * @param {elastickv.peer.HandshakeResult.$Properties=} [properties] Properties to set
             * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
             */
            const HandshakeResult = function (properties) {
                if (properties)
                    for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                        if (properties[keys[i]] != null && keys[i] !== "__proto__")
                            this[keys[i]] = properties[keys[i]];
            };

            /**
             * HandshakeResult ok.
             * @member {boolean} ok
             * @memberof elastickv.peer.HandshakeResult
             * @instance
             */
            HandshakeResult.prototype.ok = false;

            /**
             * HandshakeResult code.
             * @member {elastickv.peer.RefusalCode} code
             * @memberof elastickv.peer.HandshakeResult
             * @instance
             */
            HandshakeResult.prototype.code = 0;

            /**
             * HandshakeResult message.
             * @member {string} message
             * @memberof elastickv.peer.HandshakeResult
             * @instance
             */
            HandshakeResult.prototype.message = "";

            /**
             * Encodes the specified HandshakeResult message. Does not implicitly {@link elastickv.peer.HandshakeResult.verify|verify} messages.
             * @function encode
             * @memberof elastickv.peer.HandshakeResult
             * @static
             * @param {elastickv.peer.HandshakeResult.$Properties} message HandshakeResult message or plain object to encode
             * @param {$protobuf.Writer} [writer] Writer to encode to
             * @returns {$protobuf.Writer} Writer
             */
            HandshakeResult.encode = function (message, writer, _depth) {
                if (!writer)
                    writer = $Writer.create();
                if (_depth === $undefined)
                    _depth = 0;
                if (_depth > $util.recursionLimit)
                    throw $Error("max depth exceeded");
                if (message.ok != null && $Object.hasOwnProperty.call(message, "ok"))
                    writer.uint32(/* id 1, wireType 0 =*/8).bool(message.ok);
                if (message.code != null && $Object.hasOwnProperty.call(message, "code"))
                    writer.uint32(/* id 2, wireType 0 =*/16).int32(message.code);
                if (message.message != null && $Object.hasOwnProperty.call(message, "message"))
                    writer.uint32(/* id 3, wireType 2 =*/26).string(message.message);
                if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                    for (let i = 0; i < message.$unknowns.length; ++i)
                        writer.raw(message.$unknowns[i]);
                return writer;
            };

            /**
             * Decodes a HandshakeResult message from the specified reader or buffer.
             * @function decode
             * @memberof elastickv.peer.HandshakeResult
             * @static
             * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
             * @param {number} [length] Message length if known beforehand
             * @returns {elastickv.peer.HandshakeResult & elastickv.peer.HandshakeResult.$Shape} HandshakeResult
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            HandshakeResult.decode = function (reader, length, _end, _depth, _target) {
                if (!(reader instanceof $Reader))
                    reader = $Reader.create(reader);
                if (_depth === $undefined)
                    _depth = 0;
                if (_depth > $Reader.recursionLimit)
                    throw $Error("max depth exceeded");
                let end, message, value;
                if (length === $undefined)
                    end = reader.len;
                else {
                    end = reader.pos + length;
                    if (end > reader.len)
                        throw $RangeError("index out of range");
                    length = reader.len;
                    reader.len = end;
                }
                message = _target || new $root.elastickv.peer.HandshakeResult();
                while (reader.pos < end) {
                    let start = reader.pos;
                    let tag = reader.tag();
                    if (tag === _end) {
                        _end = $undefined;
                        break;
                    }
                    let wireType = tag & 7;
                    switch (tag >>>= 3) {
                    case 1: {
                            if (wireType !== 0)
                                break;
                            message.ok = reader.bool();
                            continue;
                        }
                    case 2: {
                            if (wireType !== 0)
                                break;
                            value = reader.int32();
                            if ($root.elastickv.peer.RefusalCode[value] !== $undefined)
                                message.code = value;
                            else if (!reader.discardUnknown) {
                                $util.makeProp(message, "$unknowns", false);
                                (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
                            }
                            continue;
                        }
                    case 3: {
                            if (wireType !== 2)
                                break;
                            message.message = reader.string();
                            continue;
                        }
                    }
                    reader.skipType(wireType, _depth, tag);
                    if (!reader.discardUnknown) {
                        $util.makeProp(message, "$unknowns", false);
                        (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
                    }
                }
                if (length !== $undefined) {
                    if (reader.pos !== end)
                        throw $RangeError("index out of range");
                    reader.len = length;
                }
                if (_end !== $undefined)
                    throw $Error("missing end group");
                return message;
            };

            return HandshakeResult;
        })();

        /**
         * Kind enum.
         * @name elastickv.peer.Kind
         * @enum {number}
         * @property {number} KIND_NONE=0 KIND_NONE value
         * @property {number} HELLO=1 HELLO value
         * @property {number} VERDICT=2 VERDICT value
         * @property {number} ALIVE=3 ALIVE value
         * @property {number} RAFT=4 RAFT value
         * @property {number} PROPOSE=5 PROPOSE value
         * @property {number} PROPOSE_REPLY=6 PROPOSE_REPLY value
         * @property {number} REQUEST=7 REQUEST value
         * @property {number} REPLY=8 REPLY value
         * @property {number} SNAPSHOT_BEGIN=9 SNAPSHOT_BEGIN value
         * @property {number} SNAPSHOT_CHUNK=10 SNAPSHOT_CHUNK value
         * @property {number} SNAPSHOT_END=11 SNAPSHOT_END value
         * @property {number} SNAPSHOT_CREDIT=12 SNAPSHOT_CREDIT value
         * @property {number} SNAPSHOT_RESULT=13 SNAPSHOT_RESULT value
         * @property {number} CHALLENGE=14 CHALLENGE value
         * @property {number} PROOF=15 PROOF value
         * @property {number} BLOB_PUSH=16 BLOB_PUSH value
         * @property {number} BLOB_FETCH=17 BLOB_FETCH value
         * @property {number} BLOB_ASK=18 BLOB_ASK value
         * @property {number} BLOB_REPLY=19 BLOB_REPLY value
         */
        peer.Kind = (function() {
            const valuesById = $Object.create(null), values = $Object.create(valuesById);
            values[valuesById[0] = "KIND_NONE"] = 0;
            values[valuesById[1] = "HELLO"] = 1;
            values[valuesById[2] = "VERDICT"] = 2;
            values[valuesById[3] = "ALIVE"] = 3;
            values[valuesById[4] = "RAFT"] = 4;
            values[valuesById[5] = "PROPOSE"] = 5;
            values[valuesById[6] = "PROPOSE_REPLY"] = 6;
            values[valuesById[7] = "REQUEST"] = 7;
            values[valuesById[8] = "REPLY"] = 8;
            values[valuesById[9] = "SNAPSHOT_BEGIN"] = 9;
            values[valuesById[10] = "SNAPSHOT_CHUNK"] = 10;
            values[valuesById[11] = "SNAPSHOT_END"] = 11;
            values[valuesById[12] = "SNAPSHOT_CREDIT"] = 12;
            values[valuesById[13] = "SNAPSHOT_RESULT"] = 13;
            values[valuesById[14] = "CHALLENGE"] = 14;
            values[valuesById[15] = "PROOF"] = 15;
            values[valuesById[16] = "BLOB_PUSH"] = 16;
            values[valuesById[17] = "BLOB_FETCH"] = 17;
            values[valuesById[18] = "BLOB_ASK"] = 18;
            values[valuesById[19] = "BLOB_REPLY"] = 19;
            return values;
        })();

        /**
         * BlobResult enum.
         * @name elastickv.peer.BlobResult
         * @enum {number}
         * @property {number} BLOB_RESULT_NONE=0 BLOB_RESULT_NONE value
         * @property {number} BLOB_OK=1 BLOB_OK value
         * @property {number} BLOB_NOT_FOUND=2 BLOB_NOT_FOUND value
         * @property {number} BLOB_CORRUPT=3 BLOB_CORRUPT value
         * @property {number} BLOB_DISK_FULL=4 BLOB_DISK_FULL value
         * @property {number} BLOB_BUSY=5 BLOB_BUSY value
         * @property {number} BLOB_FAILED=6 BLOB_FAILED value
         */
        peer.BlobResult = (function() {
            const valuesById = $Object.create(null), values = $Object.create(valuesById);
            values[valuesById[0] = "BLOB_RESULT_NONE"] = 0;
            values[valuesById[1] = "BLOB_OK"] = 1;
            values[valuesById[2] = "BLOB_NOT_FOUND"] = 2;
            values[valuesById[3] = "BLOB_CORRUPT"] = 3;
            values[valuesById[4] = "BLOB_DISK_FULL"] = 4;
            values[valuesById[5] = "BLOB_BUSY"] = 5;
            values[valuesById[6] = "BLOB_FAILED"] = 6;
            return values;
        })();

        peer.Header = (function() {

            /**
             * Properties of a Header.
             * @typedef {Object} elastickv.peer.Header.$Properties
             * @property {elastickv.peer.Kind|null} [kind] Header kind
             * @property {Uint8Array|null} [message] Header message
             * @property {Array.<number>|null} [entryTypes] Header entryTypes
             * @property {Array.<number>|null} [entryTerms] Header entryTerms
             * @property {Array.<number>|null} [entryIndexes] Header entryIndexes
             * @property {Array.<number>|null} [lengths] Header lengths
             * @property {number|null} [leaseRound] Header leaseRound
             * @property {number|null} [applied] Header applied
             * @property {number|null} [requestId] Header requestId
             * @property {number|null} [streamId] Header streamId
             * @property {number|null} [chunks] Header chunks
             * @property {boolean|null} [ok] Header ok
             * @property {string|null} [reason] Header reason
             * @property {elastickv.peer.Hello.$Properties|null} [hello] Header hello
             * @property {elastickv.peer.HandshakeResult.$Properties|null} [verdict] Header verdict
             * @property {Uint8Array|null} [nonce] Header nonce
             * @property {Uint8Array|null} [mac] Header mac
             * @property {Uint8Array|null} [blobs] Header blobs
             * @property {number|null} [pinUntilMs] Header pinUntilMs
             * @property {elastickv.peer.BlobResult|null} [result] Header result
             * @property {boolean|null} [deep] Header deep
             * @property {number|null} [blobsMissing] Header blobsMissing
             * @property {number|null} [group] Header group
             * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
             */

            /**
             * Properties of a Header.
             * @memberof elastickv.peer
             * @interface IHeader
             * @augments elastickv.peer.Header.$Properties
             * @deprecated Use elastickv.peer.Header.$Properties instead.
             */

            /**
             * Shape of a Header.
             * @typedef {elastickv.peer.Header.$Properties} elastickv.peer.Header.$Shape
             */

            /**
             * Constructs a new Header.
             * @memberof elastickv.peer
             * @classdesc Represents a Header.
             * @constructor
             * @param {elastickv.peer.Header.$Properties=} [properties] Properties to set
             * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
             */
            const Header = function (properties) {
                this.entryTypes = [];
                this.entryTerms = [];
                this.entryIndexes = [];
                this.lengths = [];
                if (properties)
                    for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                        if (properties[keys[i]] != null && keys[i] !== "__proto__")
                            this[keys[i]] = properties[keys[i]];
            };

            /**
             * Header kind.
             * @member {elastickv.peer.Kind} kind
             * @memberof elastickv.peer.Header
             * @instance
             */
            Header.prototype.kind = 0;

            /**
             * Header message.
             * @member {Uint8Array} message
             * @memberof elastickv.peer.Header
             * @instance
             */
            Header.prototype.message = $util.newBuffer([]);

            /**
             * Header entryTypes.
             * @member {Array.<number>} entryTypes
             * @memberof elastickv.peer.Header
             * @instance
             */
            Header.prototype.entryTypes = $util.emptyArray;

            /**
             * Header entryTerms.
             * @member {Array.<number>} entryTerms
             * @memberof elastickv.peer.Header
             * @instance
             */
            Header.prototype.entryTerms = $util.emptyArray;

            /**
             * Header entryIndexes.
             * @member {Array.<number>} entryIndexes
             * @memberof elastickv.peer.Header
             * @instance
             */
            Header.prototype.entryIndexes = $util.emptyArray;

            /**
             * Header lengths.
             * @member {Array.<number>} lengths
             * @memberof elastickv.peer.Header
             * @instance
             */
            Header.prototype.lengths = $util.emptyArray;

            /**
             * Header leaseRound.
             * @member {number} leaseRound
             * @memberof elastickv.peer.Header
             * @instance
             */
            Header.prototype.leaseRound = $util.Long ? $util.Long.fromBits(0,0,true) : 0;

            /**
             * Header applied.
             * @member {number} applied
             * @memberof elastickv.peer.Header
             * @instance
             */
            Header.prototype.applied = $util.Long ? $util.Long.fromBits(0,0,true) : 0;

            /**
             * Header requestId.
             * @member {number} requestId
             * @memberof elastickv.peer.Header
             * @instance
             */
            Header.prototype.requestId = $util.Long ? $util.Long.fromBits(0,0,true) : 0;

            /**
             * Header streamId.
             * @member {number} streamId
             * @memberof elastickv.peer.Header
             * @instance
             */
            Header.prototype.streamId = $util.Long ? $util.Long.fromBits(0,0,true) : 0;

            /**
             * Header chunks.
             * @member {number} chunks
             * @memberof elastickv.peer.Header
             * @instance
             */
            Header.prototype.chunks = 0;

            /**
             * Header ok.
             * @member {boolean} ok
             * @memberof elastickv.peer.Header
             * @instance
             */
            Header.prototype.ok = false;

            /**
             * Header reason.
             * @member {string} reason
             * @memberof elastickv.peer.Header
             * @instance
             */
            Header.prototype.reason = "";

            /**
             * Header hello.
             * @member {elastickv.peer.Hello.$Properties|null|undefined} hello
             * @memberof elastickv.peer.Header
             * @instance
             */
            Header.prototype.hello = null;

            /**
             * Header verdict.
             * @member {elastickv.peer.HandshakeResult.$Properties|null|undefined} verdict
             * @memberof elastickv.peer.Header
             * @instance
             */
            Header.prototype.verdict = null;

            /**
             * Header nonce.
             * @member {Uint8Array} nonce
             * @memberof elastickv.peer.Header
             * @instance
             */
            Header.prototype.nonce = $util.newBuffer([]);

            /**
             * Header mac.
             * @member {Uint8Array} mac
             * @memberof elastickv.peer.Header
             * @instance
             */
            Header.prototype.mac = $util.newBuffer([]);

            /**
             * Header blobs.
             * @member {Uint8Array} blobs
             * @memberof elastickv.peer.Header
             * @instance
             */
            Header.prototype.blobs = $util.newBuffer([]);

            /**
             * Header pinUntilMs.
             * @member {number} pinUntilMs
             * @memberof elastickv.peer.Header
             * @instance
             */
            Header.prototype.pinUntilMs = $util.Long ? $util.Long.fromBits(0,0,true) : 0;

            /**
             * Header result.
             * @member {elastickv.peer.BlobResult} result
             * @memberof elastickv.peer.Header
             * @instance
             */
            Header.prototype.result = 0;

            /**
             * Header deep.
             * @member {boolean} deep
             * @memberof elastickv.peer.Header
             * @instance
             */
            Header.prototype.deep = false;

            /**
             * Header blobsMissing.
             * @member {number} blobsMissing
             * @memberof elastickv.peer.Header
             * @instance
             */
            Header.prototype.blobsMissing = $util.Long ? $util.Long.fromBits(0,0,true) : 0;

            /**
             * Header group.
             * @member {number} group
             * @memberof elastickv.peer.Header
             * @instance
             */
            Header.prototype.group = 0;

            /**
             * Encodes the specified Header message. Does not implicitly {@link elastickv.peer.Header.verify|verify} messages.
             * @function encode
             * @memberof elastickv.peer.Header
             * @static
             * @param {elastickv.peer.Header.$Properties} message Header message or plain object to encode
             * @param {$protobuf.Writer} [writer] Writer to encode to
             * @returns {$protobuf.Writer} Writer
             */
            Header.encode = function (message, writer, _depth) {
                if (!writer)
                    writer = $Writer.create();
                if (_depth === $undefined)
                    _depth = 0;
                if (_depth > $util.recursionLimit)
                    throw $Error("max depth exceeded");
                if (message.kind != null && $Object.hasOwnProperty.call(message, "kind"))
                    writer.uint32(/* id 1, wireType 0 =*/8).int32(message.kind);
                if (message.message != null && $Object.hasOwnProperty.call(message, "message"))
                    writer.uint32(/* id 2, wireType 2 =*/18).bytes(message.message);
                if (message.entryTypes != null && message.entryTypes.length)
                    writer.uint32(/* id 3, wireType 2 =*/26).uint32s(message.entryTypes);
                if (message.entryTerms != null && message.entryTerms.length)
                    writer.uint32(/* id 4, wireType 2 =*/34).uint64s(message.entryTerms);
                if (message.entryIndexes != null && message.entryIndexes.length)
                    writer.uint32(/* id 5, wireType 2 =*/42).uint64s(message.entryIndexes);
                if (message.lengths != null && message.lengths.length)
                    writer.uint32(/* id 6, wireType 2 =*/50).uint32s(message.lengths);
                if (message.leaseRound != null && $Object.hasOwnProperty.call(message, "leaseRound"))
                    writer.uint32(/* id 7, wireType 0 =*/56).uint64(message.leaseRound);
                if (message.applied != null && $Object.hasOwnProperty.call(message, "applied"))
                    writer.uint32(/* id 8, wireType 0 =*/64).uint64(message.applied);
                if (message.requestId != null && $Object.hasOwnProperty.call(message, "requestId"))
                    writer.uint32(/* id 9, wireType 0 =*/72).uint64(message.requestId);
                if (message.streamId != null && $Object.hasOwnProperty.call(message, "streamId"))
                    writer.uint32(/* id 10, wireType 0 =*/80).uint64(message.streamId);
                if (message.chunks != null && $Object.hasOwnProperty.call(message, "chunks"))
                    writer.uint32(/* id 11, wireType 0 =*/88).uint32(message.chunks);
                if (message.ok != null && $Object.hasOwnProperty.call(message, "ok"))
                    writer.uint32(/* id 12, wireType 0 =*/96).bool(message.ok);
                if (message.reason != null && $Object.hasOwnProperty.call(message, "reason"))
                    writer.uint32(/* id 13, wireType 2 =*/106).string(message.reason);
                if (message.hello != null && $Object.hasOwnProperty.call(message, "hello"))
                    $root.elastickv.peer.Hello.encode(message.hello, writer.uint32(/* id 14, wireType 2 =*/114).fork(), _depth + 1).ldelim();
                if (message.verdict != null && $Object.hasOwnProperty.call(message, "verdict"))
                    $root.elastickv.peer.HandshakeResult.encode(message.verdict, writer.uint32(/* id 15, wireType 2 =*/122).fork(), _depth + 1).ldelim();
                if (message.nonce != null && $Object.hasOwnProperty.call(message, "nonce"))
                    writer.uint32(/* id 16, wireType 2 =*/130).bytes(message.nonce);
                if (message.mac != null && $Object.hasOwnProperty.call(message, "mac"))
                    writer.uint32(/* id 17, wireType 2 =*/138).bytes(message.mac);
                if (message.group != null && $Object.hasOwnProperty.call(message, "group"))
                    writer.uint32(/* id 18, wireType 0 =*/144).uint32(message.group);
                if (message.blobs != null && $Object.hasOwnProperty.call(message, "blobs"))
                    writer.uint32(/* id 19, wireType 2 =*/154).bytes(message.blobs);
                if (message.pinUntilMs != null && $Object.hasOwnProperty.call(message, "pinUntilMs"))
                    writer.uint32(/* id 20, wireType 0 =*/160).uint64(message.pinUntilMs);
                if (message.result != null && $Object.hasOwnProperty.call(message, "result"))
                    writer.uint32(/* id 21, wireType 0 =*/168).int32(message.result);
                if (message.deep != null && $Object.hasOwnProperty.call(message, "deep"))
                    writer.uint32(/* id 22, wireType 0 =*/176).bool(message.deep);
                if (message.blobsMissing != null && $Object.hasOwnProperty.call(message, "blobsMissing"))
                    writer.uint32(/* id 23, wireType 0 =*/184).uint64(message.blobsMissing);
                if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                    for (let i = 0; i < message.$unknowns.length; ++i)
                        writer.raw(message.$unknowns[i]);
                return writer;
            };

            /**
             * Decodes a Header message from the specified reader or buffer.
             * @function decode
             * @memberof elastickv.peer.Header
             * @static
             * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
             * @param {number} [length] Message length if known beforehand
             * @returns {elastickv.peer.Header & elastickv.peer.Header.$Shape} Header
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            Header.decode = function (reader, length, _end, _depth, _target) {
                if (!(reader instanceof $Reader))
                    reader = $Reader.create(reader);
                if (_depth === $undefined)
                    _depth = 0;
                if (_depth > $Reader.recursionLimit)
                    throw $Error("max depth exceeded");
                let end, message, value;
                if (length === $undefined)
                    end = reader.len;
                else {
                    end = reader.pos + length;
                    if (end > reader.len)
                        throw $RangeError("index out of range");
                    length = reader.len;
                    reader.len = end;
                }
                message = _target || new $root.elastickv.peer.Header();
                while (reader.pos < end) {
                    let start = reader.pos;
                    let tag = reader.tag();
                    if (tag === _end) {
                        _end = $undefined;
                        break;
                    }
                    let wireType = tag & 7;
                    switch (tag >>>= 3) {
                    case 1: {
                            if (wireType !== 0)
                                break;
                            value = reader.int32();
                            if ($root.elastickv.peer.Kind[value] !== $undefined)
                                message.kind = value;
                            else if (!reader.discardUnknown) {
                                $util.makeProp(message, "$unknowns", false);
                                (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
                            }
                            continue;
                        }
                    case 2: {
                            if (wireType !== 2)
                                break;
                            message.message = reader.bytes();
                            continue;
                        }
                    case 3: {
                            if (wireType === 2) {
                                if (!(message.entryTypes && message.entryTypes.length))
                                    message.entryTypes = [];
                                reader.uint32s(message.entryTypes);
                                continue;
                            }
                            if (wireType !== 0)
                                break;
                            if (!(message.entryTypes && message.entryTypes.length))
                                message.entryTypes = [];
                            message.entryTypes.push(reader.uint32());
                            continue;
                        }
                    case 4: {
                            if (wireType === 2) {
                                if (!(message.entryTerms && message.entryTerms.length))
                                    message.entryTerms = [];
                                reader.uint64s(message.entryTerms);
                                continue;
                            }
                            if (wireType !== 0)
                                break;
                            if (!(message.entryTerms && message.entryTerms.length))
                                message.entryTerms = [];
                            message.entryTerms.push(reader.uint64());
                            continue;
                        }
                    case 5: {
                            if (wireType === 2) {
                                if (!(message.entryIndexes && message.entryIndexes.length))
                                    message.entryIndexes = [];
                                reader.uint64s(message.entryIndexes);
                                continue;
                            }
                            if (wireType !== 0)
                                break;
                            if (!(message.entryIndexes && message.entryIndexes.length))
                                message.entryIndexes = [];
                            message.entryIndexes.push(reader.uint64());
                            continue;
                        }
                    case 6: {
                            if (wireType === 2) {
                                if (!(message.lengths && message.lengths.length))
                                    message.lengths = [];
                                reader.uint32s(message.lengths);
                                continue;
                            }
                            if (wireType !== 0)
                                break;
                            if (!(message.lengths && message.lengths.length))
                                message.lengths = [];
                            message.lengths.push(reader.uint32());
                            continue;
                        }
                    case 7: {
                            if (wireType !== 0)
                                break;
                            message.leaseRound = reader.uint64();
                            continue;
                        }
                    case 8: {
                            if (wireType !== 0)
                                break;
                            message.applied = reader.uint64();
                            continue;
                        }
                    case 9: {
                            if (wireType !== 0)
                                break;
                            message.requestId = reader.uint64();
                            continue;
                        }
                    case 10: {
                            if (wireType !== 0)
                                break;
                            message.streamId = reader.uint64();
                            continue;
                        }
                    case 11: {
                            if (wireType !== 0)
                                break;
                            message.chunks = reader.uint32();
                            continue;
                        }
                    case 12: {
                            if (wireType !== 0)
                                break;
                            message.ok = reader.bool();
                            continue;
                        }
                    case 13: {
                            if (wireType !== 2)
                                break;
                            message.reason = reader.string();
                            continue;
                        }
                    case 14: {
                            if (wireType !== 2)
                                break;
                            message.hello = $root.elastickv.peer.Hello.decode(reader, reader.size(), $undefined, _depth + 1, message.hello);
                            continue;
                        }
                    case 15: {
                            if (wireType !== 2)
                                break;
                            message.verdict = $root.elastickv.peer.HandshakeResult.decode(reader, reader.size(), $undefined, _depth + 1, message.verdict);
                            continue;
                        }
                    case 16: {
                            if (wireType !== 2)
                                break;
                            message.nonce = reader.bytes();
                            continue;
                        }
                    case 17: {
                            if (wireType !== 2)
                                break;
                            message.mac = reader.bytes();
                            continue;
                        }
                    case 19: {
                            if (wireType !== 2)
                                break;
                            message.blobs = reader.bytes();
                            continue;
                        }
                    case 20: {
                            if (wireType !== 0)
                                break;
                            message.pinUntilMs = reader.uint64();
                            continue;
                        }
                    case 21: {
                            if (wireType !== 0)
                                break;
                            value = reader.int32();
                            if ($root.elastickv.peer.BlobResult[value] !== $undefined)
                                message.result = value;
                            else if (!reader.discardUnknown) {
                                $util.makeProp(message, "$unknowns", false);
                                (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
                            }
                            continue;
                        }
                    case 22: {
                            if (wireType !== 0)
                                break;
                            message.deep = reader.bool();
                            continue;
                        }
                    case 23: {
                            if (wireType !== 0)
                                break;
                            message.blobsMissing = reader.uint64();
                            continue;
                        }
                    case 18: {
                            if (wireType !== 0)
                                break;
                            message.group = reader.uint32();
                            continue;
                        }
                    }
                    reader.skipType(wireType, _depth, tag);
                    if (!reader.discardUnknown) {
                        $util.makeProp(message, "$unknowns", false);
                        (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
                    }
                }
                if (length !== $undefined) {
                    if (reader.pos !== end)
                        throw $RangeError("index out of range");
                    reader.len = length;
                }
                if (_end !== $undefined)
                    throw $Error("missing end group");
                return message;
            };

            return Header;
        })();

        return peer;
    })();

    return elastickv;
})();

export {
  $root as default
};
