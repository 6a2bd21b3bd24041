/*eslint-disable block-scoped-var, id-length, no-control-regex, no-magic-numbers, no-mixed-operators, no-prototype-builtins, no-redeclare, no-shadow, no-var, sort-vars, default-case, jsdoc/require-param*/
import $protobuf from "./protobuf-runtime.js";

// Common aliases
const $Reader = $protobuf.Reader, $Writer = $protobuf.Writer, $util = $protobuf.util;
const $Object = $util.global.Object, $undefined = $util.global.undefined, $Error = $util.global.Error, $RangeError = $util.global.RangeError;

// Exported root namespace
const $root = $protobuf.roots["elastickv_kv"] || ($protobuf.roots["elastickv_kv"] = {});

export const elastickv = $root.elastickv = (() => {

    /**
     * Namespace elastickv.
     * @exports elastickv
     * @namespace
     */
    const elastickv = {};

    elastickv.kv = (function() {

        /**
         * Namespace kv.
         * @memberof elastickv
         * @namespace
         */
        const kv = {};

        kv.Command = (function() {

            /**
             * Properties of a Command.
             * @typedef {Object} elastickv.kv.Command.$Properties
             * @property {Uint8Array|null} [origin] Command origin
             * @property {number|null} [sequence] Command sequence
             * @property {number|null} [acknowledgedBelow] Command acknowledgedBelow
             * @property {Array.<elastickv.kv.Condition.$Properties>|null} [conditions] Command conditions
             * @property {Array.<elastickv.kv.Mutation.$Properties>|null} [mutations] Command mutations
             * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
             */

            /**
             * Properties of a Command.
             * @memberof elastickv.kv
             * @interface ICommand
             * @augments elastickv.kv.Command.$Properties
             * @deprecated Use elastickv.kv.Command.$Properties instead.
             */

            /**
             * Shape of a Command.
             * @typedef {elastickv.kv.Command.$Properties} elastickv.kv.Command.$Shape
             */

            /**
             * Constructs a new Command.
             * @memberof elastickv.kv
             * @classdesc Represents a Command.
             * @constructor
             * @param {elastickv.kv.Command.$Properties=} [properties] Properties to set
             * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
             */
            const Command = function (properties) {
                this.conditions = [];
                this.mutations = [];
                if (properties)
                    for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                        if (properties[keys[i]] != null && keys[i] !== "__proto__")
                            this[keys[i]] = properties[keys[i]];
            };

            /**
             * Command origin.
             * @member {Uint8Array} origin
             * @memberof elastickv.kv.Command
             * @instance
             */
            Command.prototype.origin = $util.newBuffer([]);

            /**
             * Command sequence.
             * @member {number} sequence
             * @memberof elastickv.kv.Command
             * @instance
             */
            Command.prototype.sequence = $util.Long ? $util.Long.fromBits(0,0,true) : 0;

            /**
             * Command acknowledgedBelow.
             * @member {number} acknowledgedBelow
             * @memberof elastickv.kv.Command
             * @instance
             */
            Command.prototype.acknowledgedBelow = $util.Long ? $util.Long.fromBits(0,0,true) : 0;

            /**
             * Command conditions.
             * @member {Array.<elastickv.kv.Condition.$Properties>} conditions
             * @memberof elastickv.kv.Command
             * @instance
             */
            Command.prototype.conditions = $util.emptyArray;

            /**
             * Command mutations.
             * @member {Array.<elastickv.kv.Mutation.$Properties>} mutations
             * @memberof elastickv.kv.Command
             * @instance
             */
            Command.prototype.mutations = $util.emptyArray;

            /**
             * Encodes the specified Command message. Does not implicitly {@link elastickv.kv.Command.verify|verify} messages.
             * @function encode
             * @memberof elastickv.kv.Command
             * @static
             * @param {elastickv.kv.Command.$Properties} message Command message or plain object to encode
             * @param {$protobuf.Writer} [writer] Writer to encode to
             * @returns {$protobuf.Writer} Writer
             */
            Command.encode = function (message, writer, _depth) {
                if (!writer)
                    writer = $Writer.create();
                if (_depth === $undefined)
                    _depth = 0;
                if (_depth > $util.recursionLimit)
                    throw $Error("max depth exceeded");
                if (message.origin != null && $Object.hasOwnProperty.call(message, "origin") && message.origin.length)
                    writer.uint32(/* id 1, wireType 2 =*/10).bytes(message.origin);
                if (message.sequence != null && $Object.hasOwnProperty.call(message, "sequence") && (typeof message.sequence === "object" ? message.sequence.low || message.sequence.high : message.sequence !== 0))
                    writer.uint32(/* id 2, wireType 0 =*/16).uint64(message.sequence);
                if (message.acknowledgedBelow != null && $Object.hasOwnProperty.call(message, "acknowledgedBelow") && (typeof message.acknowledgedBelow === "object" ? message.acknowledgedBelow.low || message.acknowledgedBelow.high : message.acknowledgedBelow !== 0))
                    writer.uint32(/* id 3, wireType 0 =*/24).uint64(message.acknowledgedBelow);
                if (message.conditions != null && message.conditions.length)
                    for (let i = 0; i < message.conditions.length; ++i)
                        $root.elastickv.kv.Condition.encode(message.conditions[i], writer.uint32(/* id 4, wireType 2 =*/34).fork(), _depth + 1).ldelim();
                if (message.mutations != null && message.mutations.length)
                    for (let i = 0; i < message.mutations.length; ++i)
                        $root.elastickv.kv.Mutation.encode(message.mutations[i], writer.uint32(/* id 5, wireType 2 =*/42).fork(), _depth + 1).ldelim();
                if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                    for (let i = 0; i < message.$unknowns.length; ++i)
                        writer.raw(message.$unknowns[i]);
                return writer;
            };

            /**
             * Decodes a Command message from the specified reader or buffer.
             * @function decode
             * @memberof elastickv.kv.Command
             * @static
             * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
             * @param {number} [length] Message length if known beforehand
             * @returns {elastickv.kv.Command & elastickv.kv.Command.$Shape} Command
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            Command.decode = function (reader, length, _end, _depth, _target) {
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
                message = _target || new $root.elastickv.kv.Command();
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
                            if ((value = reader.bytes()).length)
                                message.origin = value;
                            else
                                delete message.origin;
                            continue;
                        }
                    case 2: {
                            if (wireType !== 0)
                                break;
                            if (typeof (value = reader.uint64()) === "object" ? value.low || value.high : value !== 0)
                                message.sequence = value;
                            else
                                delete message.sequence;
                            continue;
                        }
                    case 3: {
                            if (wireType !== 0)
                                break;
                            if (typeof (value = reader.uint64()) === "object" ? value.low || value.high : value !== 0)
                                message.acknowledgedBelow = value;
                            else
                                delete message.acknowledgedBelow;
                            continue;
                        }
                    case 4: {
                            if (wireType !== 2)
                                break;
                            if (!(message.conditions && message.conditions.length))
                                message.conditions = [];
                            message.conditions.push($root.elastickv.kv.Condition.decode(reader, reader.size(), $undefined, _depth + 1));
                            continue;
                        }
                    case 5: {
                            if (wireType !== 2)
                                break;
                            if (!(message.mutations && message.mutations.length))
                                message.mutations = [];
                            message.mutations.push($root.elastickv.kv.Mutation.decode(reader, reader.size(), $undefined, _depth + 1));
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

            return Command;
        })();

        kv.Condition = (function() {

            /**
             * Properties of a Condition.
             * @typedef {Object} elastickv.kv.Condition.$Properties
             * @property {elastickv.kv.Condition.Kind|null} [kind] Condition kind
             * @property {Uint8Array|null} [key] Condition key
             * @property {Uint8Array|null} [ts] Condition ts
             * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
             */

            /**
             * Properties of a Condition.
             * @memberof elastickv.kv
             * @interface ICondition
             * @augments elastickv.kv.Condition.$Properties
             * @deprecated Use elastickv.kv.Condition.$Properties instead.
             */

            /**
             * Shape of a Condition.
             * @typedef {elastickv.kv.Condition.$Properties} elastickv.kv.Condition.$Shape
             */

            /**
             * Constructs a new Condition.
             * @memberof elastickv.kv
             * @classdesc Represents a Condition.
             * @constructor
             * @param {elastickv.kv.Condition.$Properties=} [properties] Properties to set
             * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
             */
            const Condition = function (properties) {
                if (properties)
                    for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                        if (properties[keys[i]] != null && keys[i] !== "__proto__")
                            this[keys[i]] = properties[keys[i]];
            };

            /**
             * Condition kind.
             * @member {elastickv.kv.Condition.Kind} kind
             * @memberof elastickv.kv.Condition
             * @instance
             */
            Condition.prototype.kind = 0;

            /**
             * Condition key.
             * @member {Uint8Array} key
             * @memberof elastickv.kv.Condition
             * @instance
             */
            Condition.prototype.key = $util.newBuffer([]);

            /**
             * Condition ts.
             * @member {Uint8Array} ts
             * @memberof elastickv.kv.Condition
             * @instance
             */
            Condition.prototype.ts = $util.newBuffer([]);

            /**
             * Encodes the specified Condition message. Does not implicitly {@link elastickv.kv.Condition.verify|verify} messages.
             * @function encode
             * @memberof elastickv.kv.Condition
             * @static
             * @param {elastickv.kv.Condition.$Properties} message Condition message or plain object to encode
             * @param {$protobuf.Writer} [writer] Writer to encode to
             * @returns {$protobuf.Writer} Writer
             */
            Condition.encode = function (message, writer, _depth) {
                if (!writer)
                    writer = $Writer.create();
                if (_depth === $undefined)
                    _depth = 0;
                if (_depth > $util.recursionLimit)
                    throw $Error("max depth exceeded");
                if (message.kind != null && $Object.hasOwnProperty.call(message, "kind") && message.kind !== 0)
                    writer.uint32(/* id 1, wireType 0 =*/8).int32(message.kind);
                if (message.key != null && $Object.hasOwnProperty.call(message, "key") && message.key.length)
                    writer.uint32(/* id 2, wireType 2 =*/18).bytes(message.key);
                if (message.ts != null && $Object.hasOwnProperty.call(message, "ts") && message.ts.length)
                    writer.uint32(/* id 3, wireType 2 =*/26).bytes(message.ts);
                if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                    for (let i = 0; i < message.$unknowns.length; ++i)
                        writer.raw(message.$unknowns[i]);
                return writer;
            };

            /**
             * Decodes a Condition message from the specified reader or buffer.
             * @function decode
             * @memberof elastickv.kv.Condition
             * @static
             * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
             * @param {number} [length] Message length if known beforehand
             * @returns {elastickv.kv.Condition & elastickv.kv.Condition.$Shape} Condition
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            Condition.decode = function (reader, length, _end, _depth, _target) {
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
                message = _target || new $root.elastickv.kv.Condition();
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
                            if (value = reader.int32())
                                message.kind = value;
                            else
                                delete message.kind;
                            continue;
                        }
                    case 2: {
                            if (wireType !== 2)
                                break;
                            if ((value = reader.bytes()).length)
                                message.key = value;
                            else
                                delete message.key;
                            continue;
                        }
                    case 3: {
                            if (wireType !== 2)
                                break;
                            if ((value = reader.bytes()).length)
                                message.ts = value;
                            else
                                delete message.ts;
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

            /**
             * Kind enum.
             * @name elastickv.kv.Condition.Kind
             * @enum {number}
             * @property {number} UNKNOWN=0 UNKNOWN value
             * @property {number} MUST_EXIST=1 MUST_EXIST value
             * @property {number} MUST_NOT_EXIST=2 MUST_NOT_EXIST value
             * @property {number} VERSION_EQUALS=3 VERSION_EQUALS value
             * @property {number} PREFIX_EMPTY=4 PREFIX_EMPTY value
             * @property {number} PREFIX_UNCHANGED=5 PREFIX_UNCHANGED value
             * @property {number} NOT_AFTER=6 NOT_AFTER value
             * @property {number} AFTER=7 AFTER value
             */
            Condition.Kind = (function() {
                const valuesById = $Object.create(null), values = $Object.create(valuesById);
                values[valuesById[0] = "UNKNOWN"] = 0;
                values[valuesById[1] = "MUST_EXIST"] = 1;
                values[valuesById[2] = "MUST_NOT_EXIST"] = 2;
                values[valuesById[3] = "VERSION_EQUALS"] = 3;
                values[valuesById[4] = "PREFIX_EMPTY"] = 4;
                values[valuesById[5] = "PREFIX_UNCHANGED"] = 5;
                values[valuesById[6] = "NOT_AFTER"] = 6;
                values[valuesById[7] = "AFTER"] = 7;
                return values;
            })();

            return Condition;
        })();

        kv.Mutation = (function() {

            /**
             * Properties of a Mutation.
             * @typedef {Object} elastickv.kv.Mutation.$Properties
             * @property {elastickv.kv.Mutation.Kind|null} [kind] Mutation kind
             * @property {Uint8Array|null} [key] Mutation key
             * @property {Uint8Array|null} [value] Mutation value
             * @property {Uint8Array|null} [garbage] Mutation garbage
             * @property {number|null} [payloadLength] Mutation payloadLength
             * @property {boolean|null} [hasPayload] Mutation hasPayload
             * @property {boolean|null} [keepContent] Mutation keepContent
             * @property {Uint8Array|null} [to] Mutation to
             * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
             */

            /**
             * Properties of a Mutation.
             * @memberof elastickv.kv
             * @interface IMutation
             * @augments elastickv.kv.Mutation.$Properties
             * @deprecated Use elastickv.kv.Mutation.$Properties instead.
             */

            /**
             * Shape of a Mutation.
             * @typedef {elastickv.kv.Mutation.$Properties} elastickv.kv.Mutation.$Shape
             */

            /**
             * Constructs a new Mutation.
             * @memberof elastickv.kv
             * @classdesc Represents a Mutation.
             * @constructor
             * @param {elastickv.kv.Mutation.$Properties=} [properties] Properties to set
             * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
             */
            const Mutation = function (properties) {
                if (properties)
                    for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                        if (properties[keys[i]] != null && keys[i] !== "__proto__")
                            this[keys[i]] = properties[keys[i]];
            };

            /**
             * Mutation kind.
             * @member {elastickv.kv.Mutation.Kind} kind
             * @memberof elastickv.kv.Mutation
             * @instance
             */
            Mutation.prototype.kind = 0;

            /**
             * Mutation key.
             * @member {Uint8Array} key
             * @memberof elastickv.kv.Mutation
             * @instance
             */
            Mutation.prototype.key = $util.newBuffer([]);

            /**
             * Mutation value.
             * @member {Uint8Array} value
             * @memberof elastickv.kv.Mutation
             * @instance
             */
            Mutation.prototype.value = $util.newBuffer([]);

            /**
             * Mutation garbage.
             * @member {Uint8Array} garbage
             * @memberof elastickv.kv.Mutation
             * @instance
             */
            Mutation.prototype.garbage = $util.newBuffer([]);

            /**
             * Mutation payloadLength.
             * @member {number} payloadLength
             * @memberof elastickv.kv.Mutation
             * @instance
             */
            Mutation.prototype.payloadLength = 0;

            /**
             * Mutation hasPayload.
             * @member {boolean} hasPayload
             * @memberof elastickv.kv.Mutation
             * @instance
             */
            Mutation.prototype.hasPayload = false;

            /**
             * Mutation keepContent.
             * @member {boolean} keepContent
             * @memberof elastickv.kv.Mutation
             * @instance
             */
            Mutation.prototype.keepContent = false;

            /**
             * Mutation to.
             * @member {Uint8Array} to
             * @memberof elastickv.kv.Mutation
             * @instance
             */
            Mutation.prototype.to = $util.newBuffer([]);

            /**
             * Encodes the specified Mutation message. Does not implicitly {@link elastickv.kv.Mutation.verify|verify} messages.
             * @function encode
             * @memberof elastickv.kv.Mutation
             * @static
             * @param {elastickv.kv.Mutation.$Properties} message Mutation message or plain object to encode
             * @param {$protobuf.Writer} [writer] Writer to encode to
             * @returns {$protobuf.Writer} Writer
             */
            Mutation.encode = function (message, writer, _depth) {
                if (!writer)
                    writer = $Writer.create();
                if (_depth === $undefined)
                    _depth = 0;
                if (_depth > $util.recursionLimit)
                    throw $Error("max depth exceeded");
                if (message.kind != null && $Object.hasOwnProperty.call(message, "kind") && message.kind !== 0)
                    writer.uint32(/* id 1, wireType 0 =*/8).int32(message.kind);
                if (message.key != null && $Object.hasOwnProperty.call(message, "key") && message.key.length)
                    writer.uint32(/* id 2, wireType 2 =*/18).bytes(message.key);
                if (message.value != null && $Object.hasOwnProperty.call(message, "value") && message.value.length)
                    writer.uint32(/* id 3, wireType 2 =*/26).bytes(message.value);
                if (message.garbage != null && $Object.hasOwnProperty.call(message, "garbage") && message.garbage.length)
                    writer.uint32(/* id 4, wireType 2 =*/34).bytes(message.garbage);
                if (message.payloadLength != null && $Object.hasOwnProperty.call(message, "payloadLength") && message.payloadLength !== 0)
                    writer.uint32(/* id 5, wireType 0 =*/40).uint32(message.payloadLength);
                if (message.hasPayload != null && $Object.hasOwnProperty.call(message, "hasPayload") && message.hasPayload !== false)
                    writer.uint32(/* id 6, wireType 0 =*/48).bool(message.hasPayload);
                if (message.keepContent != null && $Object.hasOwnProperty.call(message, "keepContent") && message.keepContent !== false)
                    writer.uint32(/* id 7, wireType 0 =*/56).bool(message.keepContent);
                if (message.to != null && $Object.hasOwnProperty.call(message, "to") && message.to.length)
                    writer.uint32(/* id 8, wireType 2 =*/66).bytes(message.to);
                if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                    for (let i = 0; i < message.$unknowns.length; ++i)
                        writer.raw(message.$unknowns[i]);
                return writer;
            };

            /**
             * Decodes a Mutation message from the specified reader or buffer.
             * @function decode
             * @memberof elastickv.kv.Mutation
             * @static
             * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
             * @param {number} [length] Message length if known beforehand
             * @returns {elastickv.kv.Mutation & elastickv.kv.Mutation.$Shape} Mutation
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            Mutation.decode = function (reader, length, _end, _depth, _target) {
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
                message = _target || new $root.elastickv.kv.Mutation();
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
                            if (value = reader.int32())
                                message.kind = value;
                            else
                                delete message.kind;
                            continue;
                        }
                    case 2: {
                            if (wireType !== 2)
                                break;
                            if ((value = reader.bytes()).length)
                                message.key = value;
                            else
                                delete message.key;
                            continue;
                        }
                    case 3: {
                            if (wireType !== 2)
                                break;
                            if ((value = reader.bytes()).length)
                                message.value = value;
                            else
                                delete message.value;
                            continue;
                        }
                    case 4: {
                            if (wireType !== 2)
                                break;
                            if ((value = reader.bytes()).length)
                                message.garbage = value;
                            else
                                delete message.garbage;
                            continue;
                        }
                    case 5: {
                            if (wireType !== 0)
                                break;
                            if (value = reader.uint32())
                                message.payloadLength = value;
                            else
                                delete message.payloadLength;
                            continue;
                        }
                    case 6: {
                            if (wireType !== 0)
                                break;
                            if (value = reader.bool())
                                message.hasPayload = value;
                            else
                                delete message.hasPayload;
                            continue;
                        }
                    case 7: {
                            if (wireType !== 0)
                                break;
                            if (value = reader.bool())
                                message.keepContent = value;
                            else
                                delete message.keepContent;
                            continue;
                        }
                    case 8: {
                            if (wireType !== 2)
                                break;
                            if ((value = reader.bytes()).length)
                                message.to = value;
                            else
                                delete message.to;
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

            /**
             * Kind enum.
             * @name elastickv.kv.Mutation.Kind
             * @enum {number}
             * @property {number} UNKNOWN=0 UNKNOWN value
             * @property {number} PUT=1 PUT value
             * @property {number} DELETE=2 DELETE value
             * @property {number} DELETE_PREFIX=3 DELETE_PREFIX value
             * @property {number} ADD_GARBAGE=4 ADD_GARBAGE value
             * @property {number} ARCHIVE=5 ARCHIVE value
             * @property {number} REFERENCE=6 REFERENCE value
             * @property {number} UNREFERENCE=7 UNREFERENCE value
             * @property {number} SWEEP=8 SWEEP value
             */
            Mutation.Kind = (function() {
                const valuesById = $Object.create(null), values = $Object.create(valuesById);
                values[valuesById[0] = "UNKNOWN"] = 0;
                values[valuesById[1] = "PUT"] = 1;
                values[valuesById[2] = "DELETE"] = 2;
                values[valuesById[3] = "DELETE_PREFIX"] = 3;
                values[valuesById[4] = "ADD_GARBAGE"] = 4;
                values[valuesById[5] = "ARCHIVE"] = 5;
                values[valuesById[6] = "REFERENCE"] = 6;
                values[valuesById[7] = "UNREFERENCE"] = 7;
                values[valuesById[8] = "SWEEP"] = 8;
                return values;
            })();

            return Mutation;
        })();

        kv.Garbage = (function() {

            /**
             * Properties of a Garbage.
             * @typedef {Object} elastickv.kv.Garbage.$Properties
             * @property {Array.<Uint8Array>|null} [prefixes] Garbage prefixes
             * @property {Array.<elastickv.kv.GarbageItem.$Properties>|null} [items] Garbage items
             * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
             */

            /**
             * Properties of a Garbage.
             * @memberof elastickv.kv
             * @interface IGarbage
             * @augments elastickv.kv.Garbage.$Properties
             * @deprecated Use elastickv.kv.Garbage.$Properties instead.
             */

            /**
             * Shape of a Garbage.
             * @typedef {elastickv.kv.Garbage.$Properties} elastickv.kv.Garbage.$Shape
             */

            /**
             * Constructs a new Garbage.
             * @memberof elastickv.kv
             * @classdesc Represents a Garbage.
             * @constructor
             * @param {elastickv.kv.Garbage.$Properties=} [properties] Properties to set
             * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
             */
            const Garbage = function (properties) {
                this.prefixes = [];
                this.items = [];
                if (properties)
                    for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                        if (properties[keys[i]] != null && keys[i] !== "__proto__")
                            this[keys[i]] = properties[keys[i]];
            };

            /**
             * Garbage prefixes.
             * @member {Array.<Uint8Array>} prefixes
             * @memberof elastickv.kv.Garbage
             * @instance
             */
            Garbage.prototype.prefixes = $util.emptyArray;

            /**
             * Garbage items.
             * @member {Array.<elastickv.kv.GarbageItem.$Properties>} items
             * @memberof elastickv.kv.Garbage
             * @instance
             */
            Garbage.prototype.items = $util.emptyArray;

            /**
             * Encodes the specified Garbage message. Does not implicitly {@link elastickv.kv.Garbage.verify|verify} messages.
             * @function encode
             * @memberof elastickv.kv.Garbage
             * @static
             * @param {elastickv.kv.Garbage.$Properties} message Garbage message or plain object to encode
             * @param {$protobuf.Writer} [writer] Writer to encode to
             * @returns {$protobuf.Writer} Writer
             */
            Garbage.encode = function (message, writer, _depth) {
                if (!writer)
                    writer = $Writer.create();
                if (_depth === $undefined)
                    _depth = 0;
                if (_depth > $util.recursionLimit)
                    throw $Error("max depth exceeded");
                if (message.prefixes != null && message.prefixes.length)
                    for (let i = 0; i < message.prefixes.length; ++i)
                        writer.uint32(/* id 1, wireType 2 =*/10).bytes(message.prefixes[i]);
                if (message.items != null && message.items.length)
                    for (let i = 0; i < message.items.length; ++i)
                        $root.elastickv.kv.GarbageItem.encode(message.items[i], writer.uint32(/* id 2, wireType 2 =*/18).fork(), _depth + 1).ldelim();
                if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                    for (let i = 0; i < message.$unknowns.length; ++i)
                        writer.raw(message.$unknowns[i]);
                return writer;
            };

            /**
             * Decodes a Garbage message from the specified reader or buffer.
             * @function decode
             * @memberof elastickv.kv.Garbage
             * @static
             * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
             * @param {number} [length] Message length if known beforehand
             * @returns {elastickv.kv.Garbage & elastickv.kv.Garbage.$Shape} Garbage
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            Garbage.decode = function (reader, length, _end, _depth, _target) {
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
                message = _target || new $root.elastickv.kv.Garbage();
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
                            if (!(message.prefixes && message.prefixes.length))
                                message.prefixes = [];
                            message.prefixes.push(reader.bytes());
                            continue;
                        }
                    case 2: {
                            if (wireType !== 2)
                                break;
                            if (!(message.items && message.items.length))
                                message.items = [];
                            message.items.push($root.elastickv.kv.GarbageItem.decode(reader, reader.size(), $undefined, _depth + 1));
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

            return Garbage;
        })();

        kv.GarbageItem = (function() {

            /**
             * Properties of a GarbageItem.
             * @typedef {Object} elastickv.kv.GarbageItem.$Properties
             * @property {elastickv.kv.GarbageItem.Kind|null} [kind] GarbageItem kind
             * @property {Uint8Array|null} [prefix] GarbageItem prefix
             * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
             */

            /**
             * Properties of a GarbageItem.
             * @memberof elastickv.kv
             * @interface IGarbageItem
             * @augments elastickv.kv.GarbageItem.$Properties
             * @deprecated Use elastickv.kv.GarbageItem.$Properties instead.
             */

            /**
             * Shape of a GarbageItem.
             * @typedef {elastickv.kv.GarbageItem.$Properties} elastickv.kv.GarbageItem.$Shape
             */

            /**
             * Constructs a new GarbageItem.
             * @memberof elastickv.kv
             * @classdesc Represents a GarbageItem.
             * @constructor
             * @param {elastickv.kv.GarbageItem.$Properties=} [properties] Properties to set
             * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
             */
            const GarbageItem = function (properties) {
                if (properties)
                    for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                        if (properties[keys[i]] != null && keys[i] !== "__proto__")
                            this[keys[i]] = properties[keys[i]];
            };

            /**
             * GarbageItem kind.
             * @member {elastickv.kv.GarbageItem.Kind} kind
             * @memberof elastickv.kv.GarbageItem
             * @instance
             */
            GarbageItem.prototype.kind = 0;

            /**
             * GarbageItem prefix.
             * @member {Uint8Array} prefix
             * @memberof elastickv.kv.GarbageItem
             * @instance
             */
            GarbageItem.prototype.prefix = $util.newBuffer([]);

            /**
             * Encodes the specified GarbageItem message. Does not implicitly {@link elastickv.kv.GarbageItem.verify|verify} messages.
             * @function encode
             * @memberof elastickv.kv.GarbageItem
             * @static
             * @param {elastickv.kv.GarbageItem.$Properties} message GarbageItem message or plain object to encode
             * @param {$protobuf.Writer} [writer] Writer to encode to
             * @returns {$protobuf.Writer} Writer
             */
            GarbageItem.encode = function (message, writer, _depth) {
                if (!writer)
                    writer = $Writer.create();
                if (_depth === $undefined)
                    _depth = 0;
                if (_depth > $util.recursionLimit)
                    throw $Error("max depth exceeded");
                if (message.kind != null && $Object.hasOwnProperty.call(message, "kind") && message.kind !== 0)
                    writer.uint32(/* id 1, wireType 0 =*/8).int32(message.kind);
                if (message.prefix != null && $Object.hasOwnProperty.call(message, "prefix") && message.prefix.length)
                    writer.uint32(/* id 2, wireType 2 =*/18).bytes(message.prefix);
                if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                    for (let i = 0; i < message.$unknowns.length; ++i)
                        writer.raw(message.$unknowns[i]);
                return writer;
            };

            /**
             * Decodes a GarbageItem message from the specified reader or buffer.
             * @function decode
             * @memberof elastickv.kv.GarbageItem
             * @static
             * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
             * @param {number} [length] Message length if known beforehand
             * @returns {elastickv.kv.GarbageItem & elastickv.kv.GarbageItem.$Shape} GarbageItem
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            GarbageItem.decode = function (reader, length, _end, _depth, _target) {
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
                message = _target || new $root.elastickv.kv.GarbageItem();
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
                            if (value = reader.int32())
                                message.kind = value;
                            else
                                delete message.kind;
                            continue;
                        }
                    case 2: {
                            if (wireType !== 2)
                                break;
                            if ((value = reader.bytes()).length)
                                message.prefix = value;
                            else
                                delete message.prefix;
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

            /**
             * Kind enum.
             * @name elastickv.kv.GarbageItem.Kind
             * @enum {number}
             * @property {number} UNKNOWN=0 UNKNOWN value
             * @property {number} PREFIX=1 PREFIX value
             * @property {number} REFERENCES=2 REFERENCES value
             */
            GarbageItem.Kind = (function() {
                const valuesById = $Object.create(null), values = $Object.create(valuesById);
                values[valuesById[0] = "UNKNOWN"] = 0;
                values[valuesById[1] = "PREFIX"] = 1;
                values[valuesById[2] = "REFERENCES"] = 2;
                return values;
            })();

            return GarbageItem;
        })();

        kv.Session = (function() {

            /**
             * Properties of a Session.
             * @typedef {Object} elastickv.kv.Session.$Properties
             * @property {number|null} [acknowledgedBelow] Session acknowledgedBelow
             * @property {Uint8Array|null} [answers] Session answers
             * @property {Uint8Array|null} [lastCommitTs] Session lastCommitTs
             * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
             */

            /**
             * Properties of a Session.
             * @memberof elastickv.kv
             * @interface ISession
             * @augments elastickv.kv.Session.$Properties
             * @deprecated Use elastickv.kv.Session.$Properties instead.
             */

            /**
             * Shape of a Session.
             * @typedef {elastickv.kv.Session.$Properties} elastickv.kv.Session.$Shape
             */

            /**
             * Constructs a new Session.
             * @memberof elastickv.kv
             * @classdesc Represents a Session.
             * @constructor
             * @param {elastickv.kv.Session.$Properties=} [properties] Properties to set
             * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
             */
            const Session = function (properties) {
                if (properties)
                    for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                        if (properties[keys[i]] != null && keys[i] !== "__proto__")
                            this[keys[i]] = properties[keys[i]];
            };

            /**
             * Session acknowledgedBelow.
             * @member {number} acknowledgedBelow
             * @memberof elastickv.kv.Session
             * @instance
             */
            Session.prototype.acknowledgedBelow = $util.Long ? $util.Long.fromBits(0,0,true) : 0;

            /**
             * Session answers.
             * @member {Uint8Array} answers
             * @memberof elastickv.kv.Session
             * @instance
             */
            Session.prototype.answers = $util.newBuffer([]);

            /**
             * Session lastCommitTs.
             * @member {Uint8Array} lastCommitTs
             * @memberof elastickv.kv.Session
             * @instance
             */
            Session.prototype.lastCommitTs = $util.newBuffer([]);

            /**
             * Encodes the specified Session message. Does not implicitly {@link elastickv.kv.Session.verify|verify} messages.
             * @function encode
             * @memberof elastickv.kv.Session
             * @static
             * @param {elastickv.kv.Session.$Properties} message Session message or plain object to encode
             * @param {$protobuf.Writer} [writer] Writer to encode to
             * @returns {$protobuf.Writer} Writer
             */
            Session.encode = function (message, writer, _depth) {
                if (!writer)
                    writer = $Writer.create();
                if (_depth === $undefined)
                    _depth = 0;
                if (_depth > $util.recursionLimit)
                    throw $Error("max depth exceeded");
                if (message.acknowledgedBelow != null && $Object.hasOwnProperty.call(message, "acknowledgedBelow") && (typeof message.acknowledgedBelow === "object" ? message.acknowledgedBelow.low || message.acknowledgedBelow.high : message.acknowledgedBelow !== 0))
                    writer.uint32(/* id 1, wireType 0 =*/8).uint64(message.acknowledgedBelow);
                if (message.answers != null && $Object.hasOwnProperty.call(message, "answers") && message.answers.length)
                    writer.uint32(/* id 2, wireType 2 =*/18).bytes(message.answers);
                if (message.lastCommitTs != null && $Object.hasOwnProperty.call(message, "lastCommitTs") && message.lastCommitTs.length)
                    writer.uint32(/* id 3, wireType 2 =*/26).bytes(message.lastCommitTs);
                if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                    for (let i = 0; i < message.$unknowns.length; ++i)
                        writer.raw(message.$unknowns[i]);
                return writer;
            };

            /**
             * Decodes a Session message from the specified reader or buffer.
             * @function decode
             * @memberof elastickv.kv.Session
             * @static
             * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
             * @param {number} [length] Message length if known beforehand
             * @returns {elastickv.kv.Session & elastickv.kv.Session.$Shape} Session
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            Session.decode = function (reader, length, _end, _depth, _target) {
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
                message = _target || new $root.elastickv.kv.Session();
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
                            if (typeof (value = reader.uint64()) === "object" ? value.low || value.high : value !== 0)
                                message.acknowledgedBelow = value;
                            else
                                delete message.acknowledgedBelow;
                            continue;
                        }
                    case 2: {
                            if (wireType !== 2)
                                break;
                            if ((value = reader.bytes()).length)
                                message.answers = value;
                            else
                                delete message.answers;
                            continue;
                        }
                    case 3: {
                            if (wireType !== 2)
                                break;
                            if ((value = reader.bytes()).length)
                                message.lastCommitTs = value;
                            else
                                delete message.lastCommitTs;
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

            return Session;
        })();

        kv.SessionIndex = (function() {

            /**
             * Properties of a SessionIndex.
             * @typedef {Object} elastickv.kv.SessionIndex.$Properties
             * @property {Array.<Uint8Array>|null} [origins] SessionIndex origins
             * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
             */

            /**
             * Properties of a SessionIndex.
             * @memberof elastickv.kv
             * @interface ISessionIndex
             * @augments elastickv.kv.SessionIndex.$Properties
             * @deprecated Use elastickv.kv.SessionIndex.$Properties instead.
             */

            /**
             * Shape of a SessionIndex.
             * @typedef {elastickv.kv.SessionIndex.$Properties} elastickv.kv.SessionIndex.$Shape
             */

            /**
             * Constructs a new SessionIndex.
             * @memberof elastickv.kv
             * @classdesc Represents a SessionIndex.
             * @constructor
             * @param {elastickv.kv.SessionIndex.$Properties=} [properties] Properties to set
             * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
             */
            const SessionIndex = function (properties) {
                this.origins = [];
                if (properties)
                    for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                        if (properties[keys[i]] != null && keys[i] !== "__proto__")
                            this[keys[i]] = properties[keys[i]];
            };

            /**
             * SessionIndex origins.
             * @member {Array.<Uint8Array>} origins
             * @memberof elastickv.kv.SessionIndex
             * @instance
             */
            SessionIndex.prototype.origins = $util.emptyArray;

            /**
             * Encodes the specified SessionIndex message. Does not implicitly {@link elastickv.kv.SessionIndex.verify|verify} messages.
             * @function encode
             * @memberof elastickv.kv.SessionIndex
             * @static
             * @param {elastickv.kv.SessionIndex.$Properties} message SessionIndex message or plain object to encode
             * @param {$protobuf.Writer} [writer] Writer to encode to
             * @returns {$protobuf.Writer} Writer
             */
            SessionIndex.encode = function (message, writer, _depth) {
                if (!writer)
                    writer = $Writer.create();
                if (_depth === $undefined)
                    _depth = 0;
                if (_depth > $util.recursionLimit)
                    throw $Error("max depth exceeded");
                if (message.origins != null && message.origins.length)
                    for (let i = 0; i < message.origins.length; ++i)
                        writer.uint32(/* id 1, wireType 2 =*/10).bytes(message.origins[i]);
                if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                    for (let i = 0; i < message.$unknowns.length; ++i)
                        writer.raw(message.$unknowns[i]);
                return writer;
            };

            /**
             * Decodes a SessionIndex message from the specified reader or buffer.
             * @function decode
             * @memberof elastickv.kv.SessionIndex
             * @static
             * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
             * @param {number} [length] Message length if known beforehand
             * @returns {elastickv.kv.SessionIndex & elastickv.kv.SessionIndex.$Shape} SessionIndex
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            SessionIndex.decode = function (reader, length, _end, _depth, _target) {
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
                message = _target || new $root.elastickv.kv.SessionIndex();
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
                            if (!(message.origins && message.origins.length))
                                message.origins = [];
                            message.origins.push(reader.bytes());
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

            return SessionIndex;
        })();

        return kv;
    })();

    return elastickv;
})();

export {
  $root as default
};
