/*eslint-disable block-scoped-var, id-length, no-control-regex, no-magic-numbers, no-mixed-operators, no-prototype-builtins, no-redeclare, no-shadow, no-var, sort-vars, default-case, jsdoc/require-param*/
import $protobuf from "./protobuf-runtime.js";

// Common aliases
const $Reader = $protobuf.Reader, $Writer = $protobuf.Writer, $util = $protobuf.util;
const $Object = $util.global.Object, $undefined = $util.global.undefined, $Error = $util.global.Error, $RangeError = $util.global.RangeError;

// Exported root namespace
const $root = $protobuf.roots["elastickv_raft"] || ($protobuf.roots["elastickv_raft"] = {});

export const elastickv = $root.elastickv = (() => {

    /**
     * Namespace elastickv.
     * @exports elastickv
     * @namespace
     */
    const elastickv = {};

    elastickv.raft = (function() {

        /**
         * Namespace raft.
         * @memberof elastickv
         * @namespace
         */
        const raft = {};

        /**
         * EntryType enum.
         * @name elastickv.raft.EntryType
         * @enum {number}
         * @property {number} ENTRY_NORMAL=0 ENTRY_NORMAL value
         * @property {number} ENTRY_CONF_CHANGE=1 ENTRY_CONF_CHANGE value
         * @property {number} ENTRY_CONF_CHANGE_V2=2 ENTRY_CONF_CHANGE_V2 value
         */
        raft.EntryType = (function() {
            const valuesById = $Object.create(null), values = $Object.create(valuesById);
            values[valuesById[0] = "ENTRY_NORMAL"] = 0;
            values[valuesById[1] = "ENTRY_CONF_CHANGE"] = 1;
            values[valuesById[2] = "ENTRY_CONF_CHANGE_V2"] = 2;
            return values;
        })();

        raft.Entry = (function() {

            /**
             * Properties of an Entry.
             * @typedef {Object} elastickv.raft.Entry.$Properties
             * @property {elastickv.raft.EntryType|null} [type] Entry type
             * @property {number|null} [term] Entry term
             * @property {number|null} [index] Entry index
             * @property {Uint8Array|null} [data] Entry data
             * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
             */

            /**
             * Properties of an Entry.
             * @memberof elastickv.raft
             * @interface IEntry
             * @augments elastickv.raft.Entry.$Properties
             * @deprecated Use elastickv.raft.Entry.$Properties instead.
             */

            /**
             * Shape of an Entry.
             * @typedef {elastickv.raft.Entry.$Properties} elastickv.raft.Entry.$Shape
             */

            /**
             * Constructs a new Entry.
             * @memberof elastickv.raft
             * @classdesc Represents an Entry.
             * @constructor
             * @param {elastickv.raft.Entry.$Properties=} [properties] Properties to set
             * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
             */
            const Entry = function (properties) {
                if (properties)
                    for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                        if (properties[keys[i]] != null && keys[i] !== "__proto__")
                            this[keys[i]] = properties[keys[i]];
            };

            /**
             * Entry type.
             * @member {elastickv.raft.EntryType} type
             * @memberof elastickv.raft.Entry
             * @instance
             */
            Entry.prototype.type = 0;

            /**
             * Entry term.
             * @member {number} term
             * @memberof elastickv.raft.Entry
             * @instance
             */
            Entry.prototype.term = $util.Long ? $util.Long.fromBits(0,0,true) : 0;

            /**
             * Entry index.
             * @member {number} index
             * @memberof elastickv.raft.Entry
             * @instance
             */
            Entry.prototype.index = $util.Long ? $util.Long.fromBits(0,0,true) : 0;

            /**
             * Entry data.
             * @member {Uint8Array} data
             * @memberof elastickv.raft.Entry
             * @instance
             */
            Entry.prototype.data = $util.newBuffer([]);

            /**
             * Encodes the specified Entry message. Does not implicitly {@link elastickv.raft.Entry.verify|verify} messages.
             * @function encode
             * @memberof elastickv.raft.Entry
             * @static
             * @param {elastickv.raft.Entry.$Properties} message Entry message or plain object to encode
             * @param {$protobuf.Writer} [writer] Writer to encode to
             * @returns {$protobuf.Writer} Writer
             */
            Entry.encode = function (message, writer, _depth) {
                if (!writer)
                    writer = $Writer.create();
                if (_depth === $undefined)
                    _depth = 0;
                if (_depth > $util.recursionLimit)
                    throw $Error("max depth exceeded");
                if (message.type != null && $Object.hasOwnProperty.call(message, "type"))
                    writer.uint32(/* id 1, wireType 0 =*/8).int32(message.type);
                if (message.term != null && $Object.hasOwnProperty.call(message, "term"))
                    writer.uint32(/* id 2, wireType 0 =*/16).uint64(message.term);
                if (message.index != null && $Object.hasOwnProperty.call(message, "index"))
                    writer.uint32(/* id 3, wireType 0 =*/24).uint64(message.index);
                if (message.data != null && $Object.hasOwnProperty.call(message, "data"))
                    writer.uint32(/* id 4, wireType 2 =*/34).bytes(message.data);
                if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                    for (let i = 0; i < message.$unknowns.length; ++i)
                        writer.raw(message.$unknowns[i]);
                return writer;
            };

            /**
             * Decodes an Entry message from the specified reader or buffer.
             * @function decode
             * @memberof elastickv.raft.Entry
             * @static
             * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
             * @param {number} [length] Message length if known beforehand
             * @returns {elastickv.raft.Entry & elastickv.raft.Entry.$Shape} Entry
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            Entry.decode = function (reader, length, _end, _depth, _target) {
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
                message = _target || new $root.elastickv.raft.Entry();
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
                            if ($root.elastickv.raft.EntryType[value] !== $undefined)
                                message.type = value;
                            else if (!reader.discardUnknown) {
                                $util.makeProp(message, "$unknowns", false);
                                (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
                            }
                            continue;
                        }
                    case 2: {
                            if (wireType !== 0)
                                break;
                            message.term = reader.uint64();
                            continue;
                        }
                    case 3: {
                            if (wireType !== 0)
                                break;
                            message.index = reader.uint64();
                            continue;
                        }
                    case 4: {
                            if (wireType !== 2)
                                break;
                            message.data = reader.bytes();
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

            return Entry;
        })();

        raft.HardState = (function() {

            /**
             * Properties of a HardState.
             * @typedef {Object} elastickv.raft.HardState.$Properties
             * @property {number|null} [term] HardState term
             * @property {number|null} [vote] HardState vote
             * @property {number|null} [commit] HardState commit
             * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
             */

            /**
             * Properties of a HardState.
             * @memberof elastickv.raft
             * @interface IHardState
             * @augments elastickv.raft.HardState.$Properties
             * @deprecated Use elastickv.raft.HardState.$Properties instead.
             */

            /**
             * Shape of a HardState.
             * @typedef {elastickv.raft.HardState.$Properties} elastickv.raft.HardState.$Shape
             */

            /**
             * Constructs a new HardState.
             * @memberof elastickv.raft
             * @classdesc Represents a HardState.
             * @constructor
             * @param {elastickv.raft.HardState.$Properties=} [properties] Properties to set
             * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
             */
            const HardState = function (properties) {
                if (properties)
                    for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                        if (properties[keys[i]] != null && keys[i] !== "__proto__")
                            this[keys[i]] = properties[keys[i]];
            };

            /**
             * HardState term.
             * @member {number} term
             * @memberof elastickv.raft.HardState
             * @instance
             */
            HardState.prototype.term = $util.Long ? $util.Long.fromBits(0,0,true) : 0;

            /**
             * HardState vote.
             * @member {number} vote
             * @memberof elastickv.raft.HardState
             * @instance
             */
            HardState.prototype.vote = $util.Long ? $util.Long.fromBits(0,0,true) : 0;

            /**
             * HardState commit.
             * @member {number} commit
             * @memberof elastickv.raft.HardState
             * @instance
             */
            HardState.prototype.commit = $util.Long ? $util.Long.fromBits(0,0,true) : 0;

            /**
             * Encodes the specified HardState message. Does not implicitly {@link elastickv.raft.HardState.verify|verify} messages.
             * @function encode
             * @memberof elastickv.raft.HardState
             * @static
             * @param {elastickv.raft.HardState.$Properties} message HardState message or plain object to encode
             * @param {$protobuf.Writer} [writer] Writer to encode to
             * @returns {$protobuf.Writer} Writer
             */
            HardState.encode = function (message, writer, _depth) {
                if (!writer)
                    writer = $Writer.create();
                if (_depth === $undefined)
                    _depth = 0;
                if (_depth > $util.recursionLimit)
                    throw $Error("max depth exceeded");
                if (message.term != null && $Object.hasOwnProperty.call(message, "term"))
                    writer.uint32(/* id 1, wireType 0 =*/8).uint64(message.term);
                if (message.vote != null && $Object.hasOwnProperty.call(message, "vote"))
                    writer.uint32(/* id 2, wireType 0 =*/16).uint64(message.vote);
                if (message.commit != null && $Object.hasOwnProperty.call(message, "commit"))
                    writer.uint32(/* id 3, wireType 0 =*/24).uint64(message.commit);
                if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                    for (let i = 0; i < message.$unknowns.length; ++i)
                        writer.raw(message.$unknowns[i]);
                return writer;
            };

            /**
             * Decodes a HardState message from the specified reader or buffer.
             * @function decode
             * @memberof elastickv.raft.HardState
             * @static
             * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
             * @param {number} [length] Message length if known beforehand
             * @returns {elastickv.raft.HardState & elastickv.raft.HardState.$Shape} HardState
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            HardState.decode = function (reader, length, _end, _depth, _target) {
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
                message = _target || new $root.elastickv.raft.HardState();
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
                            message.term = reader.uint64();
                            continue;
                        }
                    case 2: {
                            if (wireType !== 0)
                                break;
                            message.vote = reader.uint64();
                            continue;
                        }
                    case 3: {
                            if (wireType !== 0)
                                break;
                            message.commit = reader.uint64();
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

            return HardState;
        })();

        raft.ConfState = (function() {

            /**
             * Properties of a ConfState.
             * @typedef {Object} elastickv.raft.ConfState.$Properties
             * @property {Array.<number>|null} [voters] ConfState voters
             * @property {Array.<number>|null} [learners] ConfState learners
             * @property {Array.<number>|null} [votersOutgoing] ConfState votersOutgoing
             * @property {Array.<number>|null} [learnersNext] ConfState learnersNext
             * @property {boolean|null} [autoLeave] ConfState autoLeave
             * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
             */

            /**
             * Properties of a ConfState.
             * @memberof elastickv.raft
             * @interface IConfState
             * @augments elastickv.raft.ConfState.$Properties
             * @deprecated Use elastickv.raft.ConfState.$Properties instead.
             */

            /**
             * Shape of a ConfState.
             * @typedef {elastickv.raft.ConfState.$Properties} elastickv.raft.ConfState.$Shape
             */

            /**
             * Constructs a new ConfState.
             * @memberof elastickv.raft
             * @classdesc Represents a ConfState.
             * @constructor
             * @param {elastickv.raft.ConfState.$Properties=} [properties] Properties to set
             * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
             */
            const ConfState = function (properties) {
                this.voters = [];
                this.learners = [];
                this.votersOutgoing = [];
                this.learnersNext = [];
                if (properties)
                    for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                        if (properties[keys[i]] != null && keys[i] !== "__proto__")
                            this[keys[i]] = properties[keys[i]];
            };

            /**
             * ConfState voters.
             * @member {Array.<number>} voters
             * @memberof elastickv.raft.ConfState
             * @instance
             */
            ConfState.prototype.voters = $util.emptyArray;

            /**
             * ConfState learners.
             * @member {Array.<number>} learners
             * @memberof elastickv.raft.ConfState
             * @instance
             */
            ConfState.prototype.learners = $util.emptyArray;

            /**
             * ConfState votersOutgoing.
             * @member {Array.<number>} votersOutgoing
             * @memberof elastickv.raft.ConfState
             * @instance
             */
            ConfState.prototype.votersOutgoing = $util.emptyArray;

            /**
             * ConfState learnersNext.
             * @member {Array.<number>} learnersNext
             * @memberof elastickv.raft.ConfState
             * @instance
             */
            ConfState.prototype.learnersNext = $util.emptyArray;

            /**
             * ConfState autoLeave.
             * @member {boolean} autoLeave
             * @memberof elastickv.raft.ConfState
             * @instance
             */
            ConfState.prototype.autoLeave = false;

            /**
             * Encodes the specified ConfState message. Does not implicitly {@link elastickv.raft.ConfState.verify|verify} messages.
             * @function encode
             * @memberof elastickv.raft.ConfState
             * @static
             * @param {elastickv.raft.ConfState.$Properties} message ConfState message or plain object to encode
             * @param {$protobuf.Writer} [writer] Writer to encode to
             * @returns {$protobuf.Writer} Writer
             */
            ConfState.encode = function (message, writer, _depth) {
                if (!writer)
                    writer = $Writer.create();
                if (_depth === $undefined)
                    _depth = 0;
                if (_depth > $util.recursionLimit)
                    throw $Error("max depth exceeded");
                if (message.voters != null && message.voters.length)
                    for (let i = 0; i < message.voters.length; ++i)
                        writer.uint32(/* id 1, wireType 0 =*/8).uint64(message.voters[i]);
                if (message.learners != null && message.learners.length)
                    for (let i = 0; i < message.learners.length; ++i)
                        writer.uint32(/* id 2, wireType 0 =*/16).uint64(message.learners[i]);
                if (message.votersOutgoing != null && message.votersOutgoing.length)
                    for (let i = 0; i < message.votersOutgoing.length; ++i)
                        writer.uint32(/* id 3, wireType 0 =*/24).uint64(message.votersOutgoing[i]);
                if (message.learnersNext != null && message.learnersNext.length)
                    for (let i = 0; i < message.learnersNext.length; ++i)
                        writer.uint32(/* id 4, wireType 0 =*/32).uint64(message.learnersNext[i]);
                if (message.autoLeave != null && $Object.hasOwnProperty.call(message, "autoLeave"))
                    writer.uint32(/* id 5, wireType 0 =*/40).bool(message.autoLeave);
                if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                    for (let i = 0; i < message.$unknowns.length; ++i)
                        writer.raw(message.$unknowns[i]);
                return writer;
            };

            /**
             * Decodes a ConfState message from the specified reader or buffer.
             * @function decode
             * @memberof elastickv.raft.ConfState
             * @static
             * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
             * @param {number} [length] Message length if known beforehand
             * @returns {elastickv.raft.ConfState & elastickv.raft.ConfState.$Shape} ConfState
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            ConfState.decode = function (reader, length, _end, _depth, _target) {
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
                message = _target || new $root.elastickv.raft.ConfState();
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
                            if (wireType === 2) {
                                if (!(message.voters && message.voters.length))
                                    message.voters = [];
                                reader.uint64s(message.voters);
                                continue;
                            }
                            if (wireType !== 0)
                                break;
                            if (!(message.voters && message.voters.length))
                                message.voters = [];
                            message.voters.push(reader.uint64());
                            continue;
                        }
                    case 2: {
                            if (wireType === 2) {
                                if (!(message.learners && message.learners.length))
                                    message.learners = [];
                                reader.uint64s(message.learners);
                                continue;
                            }
                            if (wireType !== 0)
                                break;
                            if (!(message.learners && message.learners.length))
                                message.learners = [];
                            message.learners.push(reader.uint64());
                            continue;
                        }
                    case 3: {
                            if (wireType === 2) {
                                if (!(message.votersOutgoing && message.votersOutgoing.length))
                                    message.votersOutgoing = [];
                                reader.uint64s(message.votersOutgoing);
                                continue;
                            }
                            if (wireType !== 0)
                                break;
                            if (!(message.votersOutgoing && message.votersOutgoing.length))
                                message.votersOutgoing = [];
                            message.votersOutgoing.push(reader.uint64());
                            continue;
                        }
                    case 4: {
                            if (wireType === 2) {
                                if (!(message.learnersNext && message.learnersNext.length))
                                    message.learnersNext = [];
                                reader.uint64s(message.learnersNext);
                                continue;
                            }
                            if (wireType !== 0)
                                break;
                            if (!(message.learnersNext && message.learnersNext.length))
                                message.learnersNext = [];
                            message.learnersNext.push(reader.uint64());
                            continue;
                        }
                    case 5: {
                            if (wireType !== 0)
                                break;
                            message.autoLeave = reader.bool();
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

            return ConfState;
        })();

        raft.SnapshotMetadata = (function() {

            /**
             * Properties of a SnapshotMetadata.
             * @typedef {Object} elastickv.raft.SnapshotMetadata.$Properties
             * @property {elastickv.raft.ConfState.$Properties|null} [confState] SnapshotMetadata confState
             * @property {number|null} [index] SnapshotMetadata index
             * @property {number|null} [term] SnapshotMetadata term
             * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
             */

            /**
             * Properties of a SnapshotMetadata.
             * @memberof elastickv.raft
             * @interface ISnapshotMetadata
             * @augments elastickv.raft.SnapshotMetadata.$Properties
             * @deprecated Use elastickv.raft.SnapshotMetadata.$Properties instead.
             */

            /**
             * Shape of a SnapshotMetadata.
             * @typedef {elastickv.raft.SnapshotMetadata.$Properties} elastickv.raft.SnapshotMetadata.$Shape
             */

            /**
             * Constructs a new SnapshotMetadata.
             * @memberof elastickv.raft
             * @classdesc Represents a SnapshotMetadata.
             * @constructor
             * @param {elastickv.raft.SnapshotMetadata.$Properties=} [properties] Properties to set
             * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
             */
            const SnapshotMetadata = function (properties) {
                if (properties)
                    for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                        if (properties[keys[i]] != null && keys[i] !== "__proto__")
                            this[keys[i]] = properties[keys[i]];
            };

            /**
             * SnapshotMetadata confState.
             * @member {elastickv.raft.ConfState.$Properties|null|undefined} confState
             * @memberof elastickv.raft.SnapshotMetadata
             * @instance
             */
            SnapshotMetadata.prototype.confState = null;

            /**
             * SnapshotMetadata index.
             * @member {number} index
             * @memberof elastickv.raft.SnapshotMetadata
             * @instance
             */
            SnapshotMetadata.prototype.index = $util.Long ? $util.Long.fromBits(0,0,true) : 0;

            /**
             * SnapshotMetadata term.
             * @member {number} term
             * @memberof elastickv.raft.SnapshotMetadata
             * @instance
             */
            SnapshotMetadata.prototype.term = $util.Long ? $util.Long.fromBits(0,0,true) : 0;

            /**
             * Encodes the specified SnapshotMetadata message. Does not implicitly {@link elastickv.raft.SnapshotMetadata.verify|verify} messages.
             * @function encode
             * @memberof elastickv.raft.SnapshotMetadata
             * @static
             * @param {elastickv.raft.SnapshotMetadata.$Properties} message SnapshotMetadata message or plain object to encode
             * @param {$protobuf.Writer} [writer] Writer to encode to
             * @returns {$protobuf.Writer} Writer
             */
            SnapshotMetadata.encode = function (message, writer, _depth) {
                if (!writer)
                    writer = $Writer.create();
                if (_depth === $undefined)
                    _depth = 0;
                if (_depth > $util.recursionLimit)
                    throw $Error("max depth exceeded");
                if (message.confState != null && $Object.hasOwnProperty.call(message, "confState"))
                    $root.elastickv.raft.ConfState.encode(message.confState, writer.uint32(/* id 1, wireType 2 =*/10).fork(), _depth + 1).ldelim();
                if (message.index != null && $Object.hasOwnProperty.call(message, "index"))
                    writer.uint32(/* id 2, wireType 0 =*/16).uint64(message.index);
                if (message.term != null && $Object.hasOwnProperty.call(message, "term"))
                    writer.uint32(/* id 3, wireType 0 =*/24).uint64(message.term);
                if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                    for (let i = 0; i < message.$unknowns.length; ++i)
                        writer.raw(message.$unknowns[i]);
                return writer;
            };

            /**
             * Decodes a SnapshotMetadata message from the specified reader or buffer.
             * @function decode
             * @memberof elastickv.raft.SnapshotMetadata
             * @static
             * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
             * @param {number} [length] Message length if known beforehand
             * @returns {elastickv.raft.SnapshotMetadata & elastickv.raft.SnapshotMetadata.$Shape} SnapshotMetadata
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            SnapshotMetadata.decode = function (reader, length, _end, _depth, _target) {
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
                message = _target || new $root.elastickv.raft.SnapshotMetadata();
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
                            message.confState = $root.elastickv.raft.ConfState.decode(reader, reader.size(), $undefined, _depth + 1, message.confState);
                            continue;
                        }
                    case 2: {
                            if (wireType !== 0)
                                break;
                            message.index = reader.uint64();
                            continue;
                        }
                    case 3: {
                            if (wireType !== 0)
                                break;
                            message.term = reader.uint64();
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

            return SnapshotMetadata;
        })();

        raft.Snapshot = (function() {

            /**
             * Properties of a Snapshot.
             * @typedef {Object} elastickv.raft.Snapshot.$Properties
             * @property {Uint8Array|null} [data] Snapshot data
             * @property {elastickv.raft.SnapshotMetadata.$Properties|null} [metadata] Snapshot metadata
             * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
             */

            /**
             * Properties of a Snapshot.
             * @memberof elastickv.raft
             * @interface ISnapshot
             * @augments elastickv.raft.Snapshot.$Properties
             * @deprecated Use elastickv.raft.Snapshot.$Properties instead.
             */

            /**
             * Shape of a Snapshot.
             * @typedef {elastickv.raft.Snapshot.$Properties} elastickv.raft.Snapshot.$Shape
             */

            /**
             * Constructs a new Snapshot.
             * @memberof elastickv.raft
             * @classdesc Represents a Snapshot.
             * @constructor
             * @param {elastickv.raft.Snapshot.$Properties=} [properties] Properties to set
             * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
             */
            const Snapshot = function (properties) {
                if (properties)
                    for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                        if (properties[keys[i]] != null && keys[i] !== "__proto__")
                            this[keys[i]] = properties[keys[i]];
            };

            /**
             * Snapshot data.
             * @member {Uint8Array} data
             * @memberof elastickv.raft.Snapshot
             * @instance
             */
            Snapshot.prototype.data = $util.newBuffer([]);

            /**
             * Snapshot metadata.
             * @member {elastickv.raft.SnapshotMetadata.$Properties|null|undefined} metadata
             * @memberof elastickv.raft.Snapshot
             * @instance
             */
            Snapshot.prototype.metadata = null;

            /**
             * Encodes the specified Snapshot message. Does not implicitly {@link elastickv.raft.Snapshot.verify|verify} messages.
             * @function encode
             * @memberof elastickv.raft.Snapshot
             * @static
             * @param {elastickv.raft.Snapshot.$Properties} message Snapshot message or plain object to encode
             * @param {$protobuf.Writer} [writer] Writer to encode to
             * @returns {$protobuf.Writer} Writer
             */
            Snapshot.encode = function (message, writer, _depth) {
                if (!writer)
                    writer = $Writer.create();
                if (_depth === $undefined)
                    _depth = 0;
                if (_depth > $util.recursionLimit)
                    throw $Error("max depth exceeded");
                if (message.data != null && $Object.hasOwnProperty.call(message, "data"))
                    writer.uint32(/* id 1, wireType 2 =*/10).bytes(message.data);
                if (message.metadata != null && $Object.hasOwnProperty.call(message, "metadata"))
                    $root.elastickv.raft.SnapshotMetadata.encode(message.metadata, writer.uint32(/* id 2, wireType 2 =*/18).fork(), _depth + 1).ldelim();
                if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                    for (let i = 0; i < message.$unknowns.length; ++i)
                        writer.raw(message.$unknowns[i]);
                return writer;
            };

            /**
             * Decodes a Snapshot message from the specified reader or buffer.
             * @function decode
             * @memberof elastickv.raft.Snapshot
             * @static
             * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
             * @param {number} [length] Message length if known beforehand
             * @returns {elastickv.raft.Snapshot & elastickv.raft.Snapshot.$Shape} Snapshot
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            Snapshot.decode = function (reader, length, _end, _depth, _target) {
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
                message = _target || new $root.elastickv.raft.Snapshot();
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
                            message.data = reader.bytes();
                            continue;
                        }
                    case 2: {
                            if (wireType !== 2)
                                break;
                            message.metadata = $root.elastickv.raft.SnapshotMetadata.decode(reader, reader.size(), $undefined, _depth + 1, message.metadata);
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

            return Snapshot;
        })();

        /**
         * MessageType enum.
         * @name elastickv.raft.MessageType
         * @enum {number}
         * @property {number} MSG_HUP=0 MSG_HUP value
         * @property {number} MSG_BEAT=1 MSG_BEAT value
         * @property {number} MSG_PROP=2 MSG_PROP value
         * @property {number} MSG_APP=3 MSG_APP value
         * @property {number} MSG_APP_RESP=4 MSG_APP_RESP value
         * @property {number} MSG_VOTE=5 MSG_VOTE value
         * @property {number} MSG_VOTE_RESP=6 MSG_VOTE_RESP value
         * @property {number} MSG_SNAP=7 MSG_SNAP value
         * @property {number} MSG_HEARTBEAT=8 MSG_HEARTBEAT value
         * @property {number} MSG_HEARTBEAT_RESP=9 MSG_HEARTBEAT_RESP value
         * @property {number} MSG_UNREACHABLE=10 MSG_UNREACHABLE value
         * @property {number} MSG_SNAP_STATUS=11 MSG_SNAP_STATUS value
         * @property {number} MSG_CHECK_QUORUM=12 MSG_CHECK_QUORUM value
         * @property {number} MSG_TRANSFER_LEADER=13 MSG_TRANSFER_LEADER value
         * @property {number} MSG_TIMEOUT_NOW=14 MSG_TIMEOUT_NOW value
         * @property {number} MSG_READ_INDEX=15 MSG_READ_INDEX value
         * @property {number} MSG_READ_INDEX_RESP=16 MSG_READ_INDEX_RESP value
         * @property {number} MSG_PRE_VOTE=17 MSG_PRE_VOTE value
         * @property {number} MSG_PRE_VOTE_RESP=18 MSG_PRE_VOTE_RESP value
         * @property {number} MSG_STORAGE_APPEND=19 MSG_STORAGE_APPEND value
         * @property {number} MSG_STORAGE_APPEND_RESP=20 MSG_STORAGE_APPEND_RESP value
         * @property {number} MSG_STORAGE_APPLY=21 MSG_STORAGE_APPLY value
         * @property {number} MSG_STORAGE_APPLY_RESP=22 MSG_STORAGE_APPLY_RESP value
         * @property {number} MSG_FORGET_LEADER=23 MSG_FORGET_LEADER value
         */
        raft.MessageType = (function() {
            const valuesById = $Object.create(null), values = $Object.create(valuesById);
            values[valuesById[0] = "MSG_HUP"] = 0;
            values[valuesById[1] = "MSG_BEAT"] = 1;
            values[valuesById[2] = "MSG_PROP"] = 2;
            values[valuesById[3] = "MSG_APP"] = 3;
            values[valuesById[4] = "MSG_APP_RESP"] = 4;
            values[valuesById[5] = "MSG_VOTE"] = 5;
            values[valuesById[6] = "MSG_VOTE_RESP"] = 6;
            values[valuesById[7] = "MSG_SNAP"] = 7;
            values[valuesById[8] = "MSG_HEARTBEAT"] = 8;
            values[valuesById[9] = "MSG_HEARTBEAT_RESP"] = 9;
            values[valuesById[10] = "MSG_UNREACHABLE"] = 10;
            values[valuesById[11] = "MSG_SNAP_STATUS"] = 11;
            values[valuesById[12] = "MSG_CHECK_QUORUM"] = 12;
            values[valuesById[13] = "MSG_TRANSFER_LEADER"] = 13;
            values[valuesById[14] = "MSG_TIMEOUT_NOW"] = 14;
            values[valuesById[15] = "MSG_READ_INDEX"] = 15;
            values[valuesById[16] = "MSG_READ_INDEX_RESP"] = 16;
            values[valuesById[17] = "MSG_PRE_VOTE"] = 17;
            values[valuesById[18] = "MSG_PRE_VOTE_RESP"] = 18;
            values[valuesById[19] = "MSG_STORAGE_APPEND"] = 19;
            values[valuesById[20] = "MSG_STORAGE_APPEND_RESP"] = 20;
            values[valuesById[21] = "MSG_STORAGE_APPLY"] = 21;
            values[valuesById[22] = "MSG_STORAGE_APPLY_RESP"] = 22;
            values[valuesById[23] = "MSG_FORGET_LEADER"] = 23;
            return values;
        })();

        raft.Message = (function() {

            /**
             * Properties of a Message.
             * @typedef {Object} elastickv.raft.Message.$Properties
             * @property {elastickv.raft.MessageType|null} [type] Message type
             * @property {number|null} [to] Message to
             * @property {number|null} [from] Message from
             * @property {number|null} [term] Message term
             * @property {number|null} [logTerm] Message logTerm
             * @property {number|null} [index] Message index
             * @property {Array.<elastickv.raft.Entry.$Properties>|null} [entries] Message entries
             * @property {number|null} [commit] Message commit
             * @property {elastickv.raft.Snapshot.$Properties|null} [snapshot] Message snapshot
             * @property {boolean|null} [reject] Message reject
             * @property {number|null} [rejectHint] Message rejectHint
             * @property {Uint8Array|null} [context] Message context
             * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
             */

            /**
             * Properties of a Message.
             * @memberof elastickv.raft
             * @interface IMessage
             * @augments elastickv.raft.Message.$Properties
             * @deprecated Use elastickv.raft.Message.$Properties instead.
             */

            /**
             * Shape of a Message.
             * @typedef {elastickv.raft.Message.$Properties} elastickv.raft.Message.$Shape
             */

            /**
             * Constructs a new Message.
             * @memberof elastickv.raft
             * @classdesc Represents a Message.
             * @constructor
             * @param {elastickv.raft.Message.$Properties=} [properties] Properties to set
             * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
             */
            const Message = function (properties) {
                this.entries = [];
                if (properties)
                    for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                        if (properties[keys[i]] != null && keys[i] !== "__proto__")
                            this[keys[i]] = properties[keys[i]];
            };

            /**
             * Message type.
             * @member {elastickv.raft.MessageType} type
             * @memberof elastickv.raft.Message
             * @instance
             */
            Message.prototype.type = 0;

            /**
             * Message to.
             * @member {number} to
             * @memberof elastickv.raft.Message
             * @instance
             */
            Message.prototype.to = $util.Long ? $util.Long.fromBits(0,0,true) : 0;

            /**
             * Message from.
             * @member {number} from
             * @memberof elastickv.raft.Message
             * @instance
             */
            Message.prototype.from = $util.Long ? $util.Long.fromBits(0,0,true) : 0;

            /**
             * Message term.
             * @member {number} term
             * @memberof elastickv.raft.Message
             * @instance
             */
            Message.prototype.term = $util.Long ? $util.Long.fromBits(0,0,true) : 0;

            /**
             * Message logTerm.
             * @member {number} logTerm
             * @memberof elastickv.raft.Message
             * @instance
             */
            Message.prototype.logTerm = $util.Long ? $util.Long.fromBits(0,0,true) : 0;

            /**
             * Message index.
             * @member {number} index
             * @memberof elastickv.raft.Message
             * @instance
             */
            Message.prototype.index = $util.Long ? $util.Long.fromBits(0,0,true) : 0;

            /**
             * Message entries.
             * @member {Array.<elastickv.raft.Entry.$Properties>} entries
             * @memberof elastickv.raft.Message
             * @instance
             */
            Message.prototype.entries = $util.emptyArray;

            /**
             * Message commit.
             * @member {number} commit
             * @memberof elastickv.raft.Message
             * @instance
             */
            Message.prototype.commit = $util.Long ? $util.Long.fromBits(0,0,true) : 0;

            /**
             * Message snapshot.
             * @member {elastickv.raft.Snapshot.$Properties|null|undefined} snapshot
             * @memberof elastickv.raft.Message
             * @instance
             */
            Message.prototype.snapshot = null;

            /**
             * Message reject.
             * @member {boolean} reject
             * @memberof elastickv.raft.Message
             * @instance
             */
            Message.prototype.reject = false;

            /**
             * Message rejectHint.
             * @member {number} rejectHint
             * @memberof elastickv.raft.Message
             * @instance
             */
            Message.prototype.rejectHint = $util.Long ? $util.Long.fromBits(0,0,true) : 0;

            /**
             * Message context.
             * @member {Uint8Array} context
             * @memberof elastickv.raft.Message
             * @instance
             */
            Message.prototype.context = $util.newBuffer([]);

            /**
             * Encodes the specified Message message. Does not implicitly {@link elastickv.raft.Message.verify|verify} messages.
             * @function encode
             * @memberof elastickv.raft.Message
             * @static
             * @param {elastickv.raft.Message.$Properties} message Message message or plain object to encode
             * @param {$protobuf.Writer} [writer] Writer to encode to
             * @returns {$protobuf.Writer} Writer
             */
            Message.encode = function (message, writer, _depth) {
                if (!writer)
                    writer = $Writer.create();
                if (_depth === $undefined)
                    _depth = 0;
                if (_depth > $util.recursionLimit)
                    throw $Error("max depth exceeded");
                if (message.type != null && $Object.hasOwnProperty.call(message, "type"))
                    writer.uint32(/* id 1, wireType 0 =*/8).int32(message.type);
                if (message.to != null && $Object.hasOwnProperty.call(message, "to"))
                    writer.uint32(/* id 2, wireType 0 =*/16).uint64(message.to);
                if (message.from != null && $Object.hasOwnProperty.call(message, "from"))
                    writer.uint32(/* id 3, wireType 0 =*/24).uint64(message.from);
                if (message.term != null && $Object.hasOwnProperty.call(message, "term"))
                    writer.uint32(/* id 4, wireType 0 =*/32).uint64(message.term);
                if (message.logTerm != null && $Object.hasOwnProperty.call(message, "logTerm"))
                    writer.uint32(/* id 5, wireType 0 =*/40).uint64(message.logTerm);
                if (message.index != null && $Object.hasOwnProperty.call(message, "index"))
                    writer.uint32(/* id 6, wireType 0 =*/48).uint64(message.index);
                if (message.entries != null && message.entries.length)
                    for (let i = 0; i < message.entries.length; ++i)
                        $root.elastickv.raft.Entry.encode(message.entries[i], writer.uint32(/* id 7, wireType 2 =*/58).fork(), _depth + 1).ldelim();
                if (message.commit != null && $Object.hasOwnProperty.call(message, "commit"))
                    writer.uint32(/* id 8, wireType 0 =*/64).uint64(message.commit);
                if (message.snapshot != null && $Object.hasOwnProperty.call(message, "snapshot"))
                    $root.elastickv.raft.Snapshot.encode(message.snapshot, writer.uint32(/* id 9, wireType 2 =*/74).fork(), _depth + 1).ldelim();
                if (message.reject != null && $Object.hasOwnProperty.call(message, "reject"))
                    writer.uint32(/* id 10, wireType 0 =*/80).bool(message.reject);
                if (message.rejectHint != null && $Object.hasOwnProperty.call(message, "rejectHint"))
                    writer.uint32(/* id 11, wireType 0 =*/88).uint64(message.rejectHint);
                if (message.context != null && $Object.hasOwnProperty.call(message, "context"))
                    writer.uint32(/* id 12, wireType 2 =*/98).bytes(message.context);
                if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                    for (let i = 0; i < message.$unknowns.length; ++i)
                        writer.raw(message.$unknowns[i]);
                return writer;
            };

            /**
             * Decodes a Message message from the specified reader or buffer.
             * @function decode
             * @memberof elastickv.raft.Message
             * @static
             * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
             * @param {number} [length] Message length if known beforehand
             * @returns {elastickv.raft.Message & elastickv.raft.Message.$Shape} Message
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            Message.decode = function (reader, length, _end, _depth, _target) {
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
                message = _target || new $root.elastickv.raft.Message();
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
                            if ($root.elastickv.raft.MessageType[value] !== $undefined)
                                message.type = value;
                            else if (!reader.discardUnknown) {
                                $util.makeProp(message, "$unknowns", false);
                                (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
                            }
                            continue;
                        }
                    case 2: {
                            if (wireType !== 0)
                                break;
                            message.to = reader.uint64();
                            continue;
                        }
                    case 3: {
                            if (wireType !== 0)
                                break;
                            message.from = reader.uint64();
                            continue;
                        }
                    case 4: {
                            if (wireType !== 0)
                                break;
                            message.term = reader.uint64();
                            continue;
                        }
                    case 5: {
                            if (wireType !== 0)
                                break;
                            message.logTerm = reader.uint64();
                            continue;
                        }
                    case 6: {
                            if (wireType !== 0)
                                break;
                            message.index = reader.uint64();
                            continue;
                        }
                    case 7: {
                            if (wireType !== 2)
                                break;
                            if (!(message.entries && message.entries.length))
                                message.entries = [];
                            message.entries.push($root.elastickv.raft.Entry.decode(reader, reader.size(), $undefined, _depth + 1));
                            continue;
                        }
                    case 8: {
                            if (wireType !== 0)
                                break;
                            message.commit = reader.uint64();
                            continue;
                        }
                    case 9: {
                            if (wireType !== 2)
                                break;
                            message.snapshot = $root.elastickv.raft.Snapshot.decode(reader, reader.size(), $undefined, _depth + 1, message.snapshot);
                            continue;
                        }
                    case 10: {
                            if (wireType !== 0)
                                break;
                            message.reject = reader.bool();
                            continue;
                        }
                    case 11: {
                            if (wireType !== 0)
                                break;
                            message.rejectHint = reader.uint64();
                            continue;
                        }
                    case 12: {
                            if (wireType !== 2)
                                break;
                            message.context = reader.bytes();
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

            return Message;
        })();

        /**
         * ConfChangeType enum.
         * @name elastickv.raft.ConfChangeType
         * @enum {number}
         * @property {number} CONF_CHANGE_ADD_NODE=0 CONF_CHANGE_ADD_NODE value
         * @property {number} CONF_CHANGE_REMOVE_NODE=1 CONF_CHANGE_REMOVE_NODE value
         * @property {number} CONF_CHANGE_UPDATE_NODE=2 CONF_CHANGE_UPDATE_NODE value
         * @property {number} CONF_CHANGE_ADD_LEARNER_NODE=3 CONF_CHANGE_ADD_LEARNER_NODE value
         */
        raft.ConfChangeType = (function() {
            const valuesById = $Object.create(null), values = $Object.create(valuesById);
            values[valuesById[0] = "CONF_CHANGE_ADD_NODE"] = 0;
            values[valuesById[1] = "CONF_CHANGE_REMOVE_NODE"] = 1;
            values[valuesById[2] = "CONF_CHANGE_UPDATE_NODE"] = 2;
            values[valuesById[3] = "CONF_CHANGE_ADD_LEARNER_NODE"] = 3;
            return values;
        })();

        /**
         * ConfChangeTransition enum.
         * @name elastickv.raft.ConfChangeTransition
         * @enum {number}
         * @property {number} CONF_CHANGE_TRANSITION_AUTO=0 CONF_CHANGE_TRANSITION_AUTO value
         * @property {number} CONF_CHANGE_TRANSITION_JOINT_IMPLICIT=1 CONF_CHANGE_TRANSITION_JOINT_IMPLICIT value
         * @property {number} CONF_CHANGE_TRANSITION_JOINT_EXPLICIT=2 CONF_CHANGE_TRANSITION_JOINT_EXPLICIT value
         */
        raft.ConfChangeTransition = (function() {
            const valuesById = $Object.create(null), values = $Object.create(valuesById);
            values[valuesById[0] = "CONF_CHANGE_TRANSITION_AUTO"] = 0;
            values[valuesById[1] = "CONF_CHANGE_TRANSITION_JOINT_IMPLICIT"] = 1;
            values[valuesById[2] = "CONF_CHANGE_TRANSITION_JOINT_EXPLICIT"] = 2;
            return values;
        })();

        raft.ConfChange = (function() {

            /**
             * Properties of a ConfChange.
             * @typedef {Object} elastickv.raft.ConfChange.$Properties
             * @property {number|null} [id] ConfChange id
             * @property {elastickv.raft.ConfChangeType|null} [type] ConfChange type
             * @property {number|null} [nodeId] ConfChange nodeId
             * @property {Uint8Array|null} [context] ConfChange context
             * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
             */

            /**
             * Properties of a ConfChange.
             * @memberof elastickv.raft
             * @interface IConfChange
             * @augments elastickv.raft.ConfChange.$Properties
             * @deprecated Use elastickv.raft.ConfChange.$Properties instead.
             */

            /**
             * Shape of a ConfChange.
             * @typedef {elastickv.raft.ConfChange.$Properties} elastickv.raft.ConfChange.$Shape
             */

            /**
             * Constructs a new ConfChange.
             * @memberof elastickv.raft
             * @classdesc Represents a ConfChange.
             * @constructor
             * @param {elastickv.raft.ConfChange.$Properties=} [properties] Properties to set
             * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
             */
            const ConfChange = function (properties) {
                if (properties)
                    for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                        if (properties[keys[i]] != null && keys[i] !== "__proto__")
                            this[keys[i]] = properties[keys[i]];
            };

            /**
             * ConfChange id.
             * @member {number} id
             * @memberof elastickv.raft.ConfChange
             * @instance
             */
            ConfChange.prototype.id = $util.Long ? $util.Long.fromBits(0,0,true) : 0;

            /**
             * ConfChange type.
             * @member {elastickv.raft.ConfChangeType} type
             * @memberof elastickv.raft.ConfChange
             * @instance
             */
            ConfChange.prototype.type = 0;

            /**
             * ConfChange nodeId.
             * @member {number} nodeId
             * @memberof elastickv.raft.ConfChange
             * @instance
             */
            ConfChange.prototype.nodeId = $util.Long ? $util.Long.fromBits(0,0,true) : 0;

            /**
             * ConfChange context.
             * @member {Uint8Array} context
             * @memberof elastickv.raft.ConfChange
             * @instance
             */
            ConfChange.prototype.context = $util.newBuffer([]);

            /**
             * Encodes the specified ConfChange message. Does not implicitly {@link elastickv.raft.ConfChange.verify|verify} messages.
             * @function encode
             * @memberof elastickv.raft.ConfChange
             * @static
             * @param {elastickv.raft.ConfChange.$Properties} message ConfChange message or plain object to encode
             * @param {$protobuf.Writer} [writer] Writer to encode to
             * @returns {$protobuf.Writer} Writer
             */
            ConfChange.encode = function (message, writer, _depth) {
                if (!writer)
                    writer = $Writer.create();
                if (_depth === $undefined)
                    _depth = 0;
                if (_depth > $util.recursionLimit)
                    throw $Error("max depth exceeded");
                if (message.id != null && $Object.hasOwnProperty.call(message, "id"))
                    writer.uint32(/* id 1, wireType 0 =*/8).uint64(message.id);
                if (message.type != null && $Object.hasOwnProperty.call(message, "type"))
                    writer.uint32(/* id 2, wireType 0 =*/16).int32(message.type);
                if (message.nodeId != null && $Object.hasOwnProperty.call(message, "nodeId"))
                    writer.uint32(/* id 3, wireType 0 =*/24).uint64(message.nodeId);
                if (message.context != null && $Object.hasOwnProperty.call(message, "context"))
                    writer.uint32(/* id 4, wireType 2 =*/34).bytes(message.context);
                if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                    for (let i = 0; i < message.$unknowns.length; ++i)
                        writer.raw(message.$unknowns[i]);
                return writer;
            };

            /**
             * Decodes a ConfChange message from the specified reader or buffer.
             * @function decode
             * @memberof elastickv.raft.ConfChange
             * @static
             * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
             * @param {number} [length] Message length if known beforehand
             * @returns {elastickv.raft.ConfChange & elastickv.raft.ConfChange.$Shape} ConfChange
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            ConfChange.decode = function (reader, length, _end, _depth, _target) {
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
                message = _target || new $root.elastickv.raft.ConfChange();
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
                            message.id = reader.uint64();
                            continue;
                        }
                    case 2: {
                            if (wireType !== 0)
                                break;
                            value = reader.int32();
                            if ($root.elastickv.raft.ConfChangeType[value] !== $undefined)
                                message.type = value;
                            else if (!reader.discardUnknown) {
                                $util.makeProp(message, "$unknowns", false);
                                (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
                            }
                            continue;
                        }
                    case 3: {
                            if (wireType !== 0)
                                break;
                            message.nodeId = reader.uint64();
                            continue;
                        }
                    case 4: {
                            if (wireType !== 2)
                                break;
                            message.context = reader.bytes();
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

            return ConfChange;
        })();

        raft.ConfChangeSingle = (function() {

            /**
             * Properties of a ConfChangeSingle.
             * @typedef {Object} elastickv.raft.ConfChangeSingle.$Properties
             * @property {elastickv.raft.ConfChangeType|null} [type] ConfChangeSingle type
             * @property {number|null} [nodeId] ConfChangeSingle nodeId
             * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
             */

            /**
             * Properties of a ConfChangeSingle.
             * @memberof elastickv.raft
             * @interface IConfChangeSingle
             * @augments elastickv.raft.ConfChangeSingle.$Properties
             * @deprecated Use elastickv.raft.ConfChangeSingle.$Properties instead.
             */

            /**
             * Shape of a ConfChangeSingle.
             * @typedef {elastickv.raft.ConfChangeSingle.$Properties} elastickv.raft.ConfChangeSingle.$Shape
             */

            /**
             * Constructs a new ConfChangeSingle.
             * @memberof elastickv.raft
             * @classdesc Represents a ConfChangeSingle.
             * @constructor
             * @param {elastickv.raft.ConfChangeSingle.$Properties=} [properties] Properties to set
             * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
             */
            const ConfChangeSingle = function (properties) {
                if (properties)
                    for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                        if (properties[keys[i]] != null && keys[i] !== "__proto__")
                            this[keys[i]] = properties[keys[i]];
            };

            /**
             * ConfChangeSingle type.
             * @member {elastickv.raft.ConfChangeType} type
             * @memberof elastickv.raft.ConfChangeSingle
             * @instance
             */
            ConfChangeSingle.prototype.type = 0;

            /**
             * ConfChangeSingle nodeId.
             * @member {number} nodeId
             * @memberof elastickv.raft.ConfChangeSingle
             * @instance
             */
            ConfChangeSingle.prototype.nodeId = $util.Long ? $util.Long.fromBits(0,0,true) : 0;

            /**
             * Encodes the specified ConfChangeSingle message. Does not implicitly {@link elastickv.raft.ConfChangeSingle.verify|verify} messages.
             * @function encode
             * @memberof elastickv.raft.ConfChangeSingle
             * @static
             * @param {elastickv.raft.ConfChangeSingle.$Properties} message ConfChangeSingle message or plain object to encode
             * @param {$protobuf.Writer} [writer] Writer to encode to
             * @returns {$protobuf.Writer} Writer
             */
            ConfChangeSingle.encode = function (message, writer, _depth) {
                if (!writer)
                    writer = $Writer.create();
                if (_depth === $undefined)
                    _depth = 0;
                if (_depth > $util.recursionLimit)
                    throw $Error("max depth exceeded");
                if (message.type != null && $Object.hasOwnProperty.call(message, "type"))
                    writer.uint32(/* id 1, wireType 0 =*/8).int32(message.type);
                if (message.nodeId != null && $Object.hasOwnProperty.call(message, "nodeId"))
                    writer.uint32(/* id 2, wireType 0 =*/16).uint64(message.nodeId);
                if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                    for (let i = 0; i < message.$unknowns.length; ++i)
                        writer.raw(message.$unknowns[i]);
                return writer;
            };

            /**
             * Decodes a ConfChangeSingle message from the specified reader or buffer.
             * @function decode
             * @memberof elastickv.raft.ConfChangeSingle
             * @static
             * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
             * @param {number} [length] Message length if known beforehand
             * @returns {elastickv.raft.ConfChangeSingle & elastickv.raft.ConfChangeSingle.$Shape} ConfChangeSingle
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            ConfChangeSingle.decode = function (reader, length, _end, _depth, _target) {
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
                message = _target || new $root.elastickv.raft.ConfChangeSingle();
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
                            if ($root.elastickv.raft.ConfChangeType[value] !== $undefined)
                                message.type = value;
                            else if (!reader.discardUnknown) {
                                $util.makeProp(message, "$unknowns", false);
                                (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
                            }
                            continue;
                        }
                    case 2: {
                            if (wireType !== 0)
                                break;
                            message.nodeId = reader.uint64();
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

            return ConfChangeSingle;
        })();

        raft.ConfChangeV2 = (function() {

            /**
             * Properties of a ConfChangeV2.
             * @typedef {Object} elastickv.raft.ConfChangeV2.$Properties
             * @property {elastickv.raft.ConfChangeTransition|null} [transition] ConfChangeV2 transition
             * @property {Array.<elastickv.raft.ConfChangeSingle.$Properties>|null} [changes] ConfChangeV2 changes
             * @property {Uint8Array|null} [context] ConfChangeV2 context
             * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
             */

            /**
             * Properties of a ConfChangeV2.
             * @memberof elastickv.raft
             * @interface IConfChangeV2
             * @augments elastickv.raft.ConfChangeV2.$Properties
             * @deprecated Use elastickv.raft.ConfChangeV2.$Properties instead.
             */

            /**
             * Shape of a ConfChangeV2.
             * @typedef {elastickv.raft.ConfChangeV2.$Properties} elastickv.raft.ConfChangeV2.$Shape
             */

            /**
             * Constructs a new ConfChangeV2.
             * @memberof elastickv.raft
             * @classdesc Represents a ConfChangeV2.
             * @constructor
             * @param {elastickv.raft.ConfChangeV2.$Properties=} [properties] Properties to set
             * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
             */
            const ConfChangeV2 = function (properties) {
                this.changes = [];
                if (properties)
                    for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                        if (properties[keys[i]] != null && keys[i] !== "__proto__")
                            this[keys[i]] = properties[keys[i]];
            };

            /**
             * ConfChangeV2 transition.
             * @member {elastickv.raft.ConfChangeTransition} transition
             * @memberof elastickv.raft.ConfChangeV2
             * @instance
             */
            ConfChangeV2.prototype.transition = 0;

            /**
             * ConfChangeV2 changes.
             * @member {Array.<elastickv.raft.ConfChangeSingle.$Properties>} changes
             * @memberof elastickv.raft.ConfChangeV2
             * @instance
             */
            ConfChangeV2.prototype.changes = $util.emptyArray;

            /**
             * ConfChangeV2 context.
             * @member {Uint8Array} context
             * @memberof elastickv.raft.ConfChangeV2
             * @instance
             */
            ConfChangeV2.prototype.context = $util.newBuffer([]);

            /**
             * Encodes the specified ConfChangeV2 message. Does not implicitly {@link elastickv.raft.ConfChangeV2.verify|verify} messages.
             * @function encode
             * @memberof elastickv.raft.ConfChangeV2
             * @static
             * @param {elastickv.raft.ConfChangeV2.$Properties} message ConfChangeV2 message or plain object to encode
             * @param {$protobuf.Writer} [writer] Writer to encode to
             * @returns {$protobuf.Writer} Writer
             */
            ConfChangeV2.encode = function (message, writer, _depth) {
                if (!writer)
                    writer = $Writer.create();
                if (_depth === $undefined)
                    _depth = 0;
                if (_depth > $util.recursionLimit)
                    throw $Error("max depth exceeded");
                if (message.transition != null && $Object.hasOwnProperty.call(message, "transition"))
                    writer.uint32(/* id 1, wireType 0 =*/8).int32(message.transition);
                if (message.changes != null && message.changes.length)
                    for (let i = 0; i < message.changes.length; ++i)
                        $root.elastickv.raft.ConfChangeSingle.encode(message.changes[i], writer.uint32(/* id 2, wireType 2 =*/18).fork(), _depth + 1).ldelim();
                if (message.context != null && $Object.hasOwnProperty.call(message, "context"))
                    writer.uint32(/* id 3, wireType 2 =*/26).bytes(message.context);
                if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                    for (let i = 0; i < message.$unknowns.length; ++i)
                        writer.raw(message.$unknowns[i]);
                return writer;
            };

            /**
             * Decodes a ConfChangeV2 message from the specified reader or buffer.
             * @function decode
             * @memberof elastickv.raft.ConfChangeV2
             * @static
             * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
             * @param {number} [length] Message length if known beforehand
             * @returns {elastickv.raft.ConfChangeV2 & elastickv.raft.ConfChangeV2.$Shape} ConfChangeV2
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            ConfChangeV2.decode = function (reader, length, _end, _depth, _target) {
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
                message = _target || new $root.elastickv.raft.ConfChangeV2();
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
                            if ($root.elastickv.raft.ConfChangeTransition[value] !== $undefined)
                                message.transition = value;
                            else if (!reader.discardUnknown) {
                                $util.makeProp(message, "$unknowns", false);
                                (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
                            }
                            continue;
                        }
                    case 2: {
                            if (wireType !== 2)
                                break;
                            if (!(message.changes && message.changes.length))
                                message.changes = [];
                            message.changes.push($root.elastickv.raft.ConfChangeSingle.decode(reader, reader.size(), $undefined, _depth + 1));
                            continue;
                        }
                    case 3: {
                            if (wireType !== 2)
                                break;
                            message.context = reader.bytes();
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

            return ConfChangeV2;
        })();

        raft.Member = (function() {

            /**
             * Properties of a Member.
             * @typedef {Object} elastickv.raft.Member.$Properties
             * @property {number|null} [id] Member id
             * @property {string|null} [name] Member name
             * @property {string|null} [address] Member address
             * @property {string|null} [instance] Member instance
             * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
             */

            /**
             * Properties of a Member.
             * @memberof elastickv.raft
             * @interface IMember
             * @augments elastickv.raft.Member.$Properties
             * @deprecated Use elastickv.raft.Member.$Properties instead.
             */

            /**
             * Shape of a Member.
             * @typedef {elastickv.raft.Member.$Properties} elastickv.raft.Member.$Shape
             */

            /**
             * Constructs a new Member.
             * @memberof elastickv.raft
             * @classdesc Represents a Member.
             * @constructor
             * @param {elastickv.raft.Member.$Properties=} [properties] Properties to set
             * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
             */
            const Member = function (properties) {
                if (properties)
                    for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                        if (properties[keys[i]] != null && keys[i] !== "__proto__")
                            this[keys[i]] = properties[keys[i]];
            };

            /**
             * Member id.
             * @member {number} id
             * @memberof elastickv.raft.Member
             * @instance
             */
            Member.prototype.id = $util.Long ? $util.Long.fromBits(0,0,true) : 0;

            /**
             * Member name.
             * @member {string} name
             * @memberof elastickv.raft.Member
             * @instance
             */
            Member.prototype.name = "";

            /**
             * Member address.
             * @member {string} address
             * @memberof elastickv.raft.Member
             * @instance
             */
            Member.prototype.address = "";

            /**
             * Member instance.
             * @member {string} instance
             * @memberof elastickv.raft.Member
             * @instance
             */
            Member.prototype.instance = "";

            /**
             * Encodes the specified Member message. Does not implicitly {@link elastickv.raft.Member.verify|verify} messages.
             * @function encode
             * @memberof elastickv.raft.Member
             * @static
             * @param {elastickv.raft.Member.$Properties} message Member message or plain object to encode
             * @param {$protobuf.Writer} [writer] Writer to encode to
             * @returns {$protobuf.Writer} Writer
             */
            Member.encode = function (message, writer, _depth) {
                if (!writer)
                    writer = $Writer.create();
                if (_depth === $undefined)
                    _depth = 0;
                if (_depth > $util.recursionLimit)
                    throw $Error("max depth exceeded");
                if (message.id != null && $Object.hasOwnProperty.call(message, "id"))
                    writer.uint32(/* id 1, wireType 0 =*/8).uint64(message.id);
                if (message.name != null && $Object.hasOwnProperty.call(message, "name"))
                    writer.uint32(/* id 2, wireType 2 =*/18).string(message.name);
                if (message.address != null && $Object.hasOwnProperty.call(message, "address"))
                    writer.uint32(/* id 3, wireType 2 =*/26).string(message.address);
                if (message.instance != null && $Object.hasOwnProperty.call(message, "instance"))
                    writer.uint32(/* id 4, wireType 2 =*/34).string(message.instance);
                if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                    for (let i = 0; i < message.$unknowns.length; ++i)
                        writer.raw(message.$unknowns[i]);
                return writer;
            };

            /**
             * Decodes a Member message from the specified reader or buffer.
             * @function decode
             * @memberof elastickv.raft.Member
             * @static
             * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
             * @param {number} [length] Message length if known beforehand
             * @returns {elastickv.raft.Member & elastickv.raft.Member.$Shape} Member
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            Member.decode = function (reader, length, _end, _depth, _target) {
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
                message = _target || new $root.elastickv.raft.Member();
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
                            message.id = reader.uint64();
                            continue;
                        }
                    case 2: {
                            if (wireType !== 2)
                                break;
                            message.name = reader.string();
                            continue;
                        }
                    case 3: {
                            if (wireType !== 2)
                                break;
                            message.address = reader.string();
                            continue;
                        }
                    case 4: {
                            if (wireType !== 2)
                                break;
                            message.instance = reader.string();
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

            return Member;
        })();

        raft.Membership = (function() {

            /**
             * Properties of a Membership.
             * @typedef {Object} elastickv.raft.Membership.$Properties
             * @property {number|null} [index] Membership index
             * @property {elastickv.raft.ConfState.$Properties|null} [confState] Membership confState
             * @property {Array.<elastickv.raft.Member.$Properties>|null} [members] Membership members
             * @property {Array.<elastickv.raft.Member.$Properties>|null} [removed] Membership removed
             * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
             */

            /**
             * Properties of a Membership.
             * @memberof elastickv.raft
             * @interface IMembership
             * @augments elastickv.raft.Membership.$Properties
             * @deprecated Use elastickv.raft.Membership.$Properties instead.
             */

            /**
             * Shape of a Membership.
             * @typedef {elastickv.raft.Membership.$Properties} elastickv.raft.Membership.$Shape
             */

            /**
             * Constructs a new Membership.
             * @memberof elastickv.raft
             * @classdesc Represents a Membership.
             * @constructor
             * @param {elastickv.raft.Membership.$Properties=} [properties] Properties to set
             * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
             */
            const Membership = function (properties) {
                this.members = [];
                this.removed = [];
                if (properties)
                    for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                        if (properties[keys[i]] != null && keys[i] !== "__proto__")
                            this[keys[i]] = properties[keys[i]];
            };

            /**
             * Membership index.
             * @member {number} index
             * @memberof elastickv.raft.Membership
             * @instance
             */
            Membership.prototype.index = $util.Long ? $util.Long.fromBits(0,0,true) : 0;

            /**
             * Membership confState.
             * @member {elastickv.raft.ConfState.$Properties|null|undefined} confState
             * @memberof elastickv.raft.Membership
             * @instance
             */
            Membership.prototype.confState = null;

            /**
             * Membership members.
             * @member {Array.<elastickv.raft.Member.$Properties>} members
             * @memberof elastickv.raft.Membership
             * @instance
             */
            Membership.prototype.members = $util.emptyArray;

            /**
             * Membership removed.
             * @member {Array.<elastickv.raft.Member.$Properties>} removed
             * @memberof elastickv.raft.Membership
             * @instance
             */
            Membership.prototype.removed = $util.emptyArray;

            /**
             * Encodes the specified Membership message. Does not implicitly {@link elastickv.raft.Membership.verify|verify} messages.
             * @function encode
             * @memberof elastickv.raft.Membership
             * @static
             * @param {elastickv.raft.Membership.$Properties} message Membership message or plain object to encode
             * @param {$protobuf.Writer} [writer] Writer to encode to
             * @returns {$protobuf.Writer} Writer
             */
            Membership.encode = function (message, writer, _depth) {
                if (!writer)
                    writer = $Writer.create();
                if (_depth === $undefined)
                    _depth = 0;
                if (_depth > $util.recursionLimit)
                    throw $Error("max depth exceeded");
                if (message.index != null && $Object.hasOwnProperty.call(message, "index"))
                    writer.uint32(/* id 1, wireType 0 =*/8).uint64(message.index);
                if (message.confState != null && $Object.hasOwnProperty.call(message, "confState"))
                    $root.elastickv.raft.ConfState.encode(message.confState, writer.uint32(/* id 2, wireType 2 =*/18).fork(), _depth + 1).ldelim();
                if (message.members != null && message.members.length)
                    for (let i = 0; i < message.members.length; ++i)
                        $root.elastickv.raft.Member.encode(message.members[i], writer.uint32(/* id 3, wireType 2 =*/26).fork(), _depth + 1).ldelim();
                if (message.removed != null && message.removed.length)
                    for (let i = 0; i < message.removed.length; ++i)
                        $root.elastickv.raft.Member.encode(message.removed[i], writer.uint32(/* id 4, wireType 2 =*/34).fork(), _depth + 1).ldelim();
                if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                    for (let i = 0; i < message.$unknowns.length; ++i)
                        writer.raw(message.$unknowns[i]);
                return writer;
            };

            /**
             * Decodes a Membership message from the specified reader or buffer.
             * @function decode
             * @memberof elastickv.raft.Membership
             * @static
             * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
             * @param {number} [length] Message length if known beforehand
             * @returns {elastickv.raft.Membership & elastickv.raft.Membership.$Shape} Membership
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            Membership.decode = function (reader, length, _end, _depth, _target) {
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
                message = _target || new $root.elastickv.raft.Membership();
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
                            message.index = reader.uint64();
                            continue;
                        }
                    case 2: {
                            if (wireType !== 2)
                                break;
                            message.confState = $root.elastickv.raft.ConfState.decode(reader, reader.size(), $undefined, _depth + 1, message.confState);
                            continue;
                        }
                    case 3: {
                            if (wireType !== 2)
                                break;
                            if (!(message.members && message.members.length))
                                message.members = [];
                            message.members.push($root.elastickv.raft.Member.decode(reader, reader.size(), $undefined, _depth + 1));
                            continue;
                        }
                    case 4: {
                            if (wireType !== 2)
                                break;
                            if (!(message.removed && message.removed.length))
                                message.removed = [];
                            message.removed.push($root.elastickv.raft.Member.decode(reader, reader.size(), $undefined, _depth + 1));
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

            return Membership;
        })();

        raft.MembershipChange = (function() {

            /**
             * Properties of a MembershipChange.
             * @typedef {Object} elastickv.raft.MembershipChange.$Properties
             * @property {number|null} [guardIndex] MembershipChange guardIndex
             * @property {Array.<elastickv.raft.Member.$Properties>|null} [upserts] MembershipChange upserts
             * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
             */

            /**
             * Properties of a MembershipChange.
             * @memberof elastickv.raft
             * @interface IMembershipChange
             * @augments elastickv.raft.MembershipChange.$Properties
             * @deprecated Use elastickv.raft.MembershipChange.$Properties instead.
             */

            /**
             * Shape of a MembershipChange.
             * @typedef {elastickv.raft.MembershipChange.$Properties} elastickv.raft.MembershipChange.$Shape
             */

            /**
             * Constructs a new MembershipChange.
             * @memberof elastickv.raft
             * @classdesc Represents a MembershipChange.
             * @constructor
             * @param {elastickv.raft.MembershipChange.$Properties=} [properties] Properties to set
             * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
             */
            const MembershipChange = function (properties) {
                this.upserts = [];
                if (properties)
                    for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                        if (properties[keys[i]] != null && keys[i] !== "__proto__")
                            this[keys[i]] = properties[keys[i]];
            };

            /**
             * MembershipChange guardIndex.
             * @member {number} guardIndex
             * @memberof elastickv.raft.MembershipChange
             * @instance
             */
            MembershipChange.prototype.guardIndex = $util.Long ? $util.Long.fromBits(0,0,true) : 0;

            /**
             * MembershipChange upserts.
             * @member {Array.<elastickv.raft.Member.$Properties>} upserts
             * @memberof elastickv.raft.MembershipChange
             * @instance
             */
            MembershipChange.prototype.upserts = $util.emptyArray;

            /**
             * Encodes the specified MembershipChange message. Does not implicitly {@link elastickv.raft.MembershipChange.verify|verify} messages.
             * @function encode
             * @memberof elastickv.raft.MembershipChange
             * @static
             * @param {elastickv.raft.MembershipChange.$Properties} message MembershipChange message or plain object to encode
             * @param {$protobuf.Writer} [writer] Writer to encode to
             * @returns {$protobuf.Writer} Writer
             */
            MembershipChange.encode = function (message, writer, _depth) {
                if (!writer)
                    writer = $Writer.create();
                if (_depth === $undefined)
                    _depth = 0;
                if (_depth > $util.recursionLimit)
                    throw $Error("max depth exceeded");
                if (message.guardIndex != null && $Object.hasOwnProperty.call(message, "guardIndex"))
                    writer.uint32(/* id 1, wireType 0 =*/8).uint64(message.guardIndex);
                if (message.upserts != null && message.upserts.length)
                    for (let i = 0; i < message.upserts.length; ++i)
                        $root.elastickv.raft.Member.encode(message.upserts[i], writer.uint32(/* id 2, wireType 2 =*/18).fork(), _depth + 1).ldelim();
                if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                    for (let i = 0; i < message.$unknowns.length; ++i)
                        writer.raw(message.$unknowns[i]);
                return writer;
            };

            /**
             * Decodes a MembershipChange message from the specified reader or buffer.
             * @function decode
             * @memberof elastickv.raft.MembershipChange
             * @static
             * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
             * @param {number} [length] Message length if known beforehand
             * @returns {elastickv.raft.MembershipChange & elastickv.raft.MembershipChange.$Shape} MembershipChange
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            MembershipChange.decode = function (reader, length, _end, _depth, _target) {
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
                message = _target || new $root.elastickv.raft.MembershipChange();
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
                            message.guardIndex = reader.uint64();
                            continue;
                        }
                    case 2: {
                            if (wireType !== 2)
                                break;
                            if (!(message.upserts && message.upserts.length))
                                message.upserts = [];
                            message.upserts.push($root.elastickv.raft.Member.decode(reader, reader.size(), $undefined, _depth + 1));
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

            return MembershipChange;
        })();

        return raft;
    })();

    return elastickv;
})();

export {
  $root as default
};
