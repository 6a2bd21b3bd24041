/*eslint-disable block-scoped-var, id-length, no-control-regex, no-magic-numbers, no-mixed-operators, no-prototype-builtins, no-redeclare, no-shadow, no-var, sort-vars, default-case, jsdoc/require-param*/
import $protobuf from "./protobuf-runtime.js";

// Common aliases
const $Reader = $protobuf.Reader, $Writer = $protobuf.Writer, $util = $protobuf.util;
const $Object = $util.global.Object, $undefined = $util.global.undefined, $Error = $util.global.Error, $RangeError = $util.global.RangeError;

// Exported root namespace
const $root = $protobuf.roots["elastickv_s3"] || ($protobuf.roots["elastickv_s3"] = {});

export const elastickv = $root.elastickv = (() => {

    /**
     * Namespace elastickv.
     * @exports elastickv
     * @namespace
     */
    const elastickv = {};

    elastickv.s3 = (function() {

        /**
         * Namespace s3.
         * @memberof elastickv
         * @namespace
         */
        const s3 = {};

        /**
         * Versioning enum.
         * @name elastickv.s3.Versioning
         * @enum {number}
         * @property {number} VERSIONING_OFF=0 VERSIONING_OFF value
         * @property {number} VERSIONING_ENABLED=1 VERSIONING_ENABLED value
         * @property {number} VERSIONING_SUSPENDED=2 VERSIONING_SUSPENDED value
         */
        s3.Versioning = (function() {
            const valuesById = $Object.create(null), values = $Object.create(valuesById);
            values[valuesById[0] = "VERSIONING_OFF"] = 0;
            values[valuesById[1] = "VERSIONING_ENABLED"] = 1;
            values[valuesById[2] = "VERSIONING_SUSPENDED"] = 2;
            return values;
        })();

        /**
         * RetentionMode enum.
         * @name elastickv.s3.RetentionMode
         * @enum {number}
         * @property {number} RETENTION_NONE=0 RETENTION_NONE value
         * @property {number} GOVERNANCE=1 GOVERNANCE value
         * @property {number} COMPLIANCE=2 COMPLIANCE value
         */
        s3.RetentionMode = (function() {
            const valuesById = $Object.create(null), values = $Object.create(valuesById);
            values[valuesById[0] = "RETENTION_NONE"] = 0;
            values[valuesById[1] = "GOVERNANCE"] = 1;
            values[valuesById[2] = "COMPLIANCE"] = 2;
            return values;
        })();

        s3.Lock = (function() {

            /**
             * Properties of a Lock.
             * @typedef {Object} elastickv.s3.Lock.$Properties
             * @property {elastickv.s3.RetentionMode|null} [mode] Lock mode
             * @property {number|null} [retainUntilMs] Lock retainUntilMs
             * @property {elastickv.s3.Lock.LegalHold|null} [legalHold] Lock legalHold
             * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
             */

            /**
             * Properties of a Lock.
             * @memberof elastickv.s3
             * @interface ILock
             * @augments elastickv.s3.Lock.$Properties
             * @deprecated Use elastickv.s3.Lock.$Properties instead.
             */

            /**
             * Shape of a Lock.
             * @typedef {elastickv.s3.Lock.$Properties} elastickv.s3.Lock.$Shape
             */

            /**
             * Constructs a new Lock.
             * @memberof elastickv.s3
             * @classdesc Represents a Lock.
             * @constructor
             * @param {elastickv.s3.Lock.$Properties=} [properties] Properties to set
             * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
             */
            const Lock = function (properties) {
                if (properties)
                    for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                        if (properties[keys[i]] != null && keys[i] !== "__proto__")
                            this[keys[i]] = properties[keys[i]];
            };

            /**
             * Lock mode.
             * @member {elastickv.s3.RetentionMode} mode
             * @memberof elastickv.s3.Lock
             * @instance
             */
            Lock.prototype.mode = 0;

            /**
             * Lock retainUntilMs.
             * @member {number} retainUntilMs
             * @memberof elastickv.s3.Lock
             * @instance
             */
            Lock.prototype.retainUntilMs = $util.Long ? $util.Long.fromBits(0,0,true) : 0;

            /**
             * Lock legalHold.
             * @member {elastickv.s3.Lock.LegalHold} legalHold
             * @memberof elastickv.s3.Lock
             * @instance
             */
            Lock.prototype.legalHold = 0;

            /**
             * Encodes the specified Lock message. Does not implicitly {@link elastickv.s3.Lock.verify|verify} messages.
             * @function encode
             * @memberof elastickv.s3.Lock
             * @static
             * @param {elastickv.s3.Lock.$Properties} message Lock message or plain object to encode
             * @param {$protobuf.Writer} [writer] Writer to encode to
             * @returns {$protobuf.Writer} Writer
             */
            Lock.encode = function (message, writer, _depth) {
                if (!writer)
                    writer = $Writer.create();
                if (_depth === $undefined)
                    _depth = 0;
                if (_depth > $util.recursionLimit)
                    throw $Error("max depth exceeded");
                if (message.mode != null && $Object.hasOwnProperty.call(message, "mode") && message.mode !== 0)
                    writer.uint32(/* id 1, wireType 0 =*/8).int32(message.mode);
                if (message.retainUntilMs != null && $Object.hasOwnProperty.call(message, "retainUntilMs") && (typeof message.retainUntilMs === "object" ? message.retainUntilMs.low || message.retainUntilMs.high : message.retainUntilMs !== 0))
                    writer.uint32(/* id 2, wireType 0 =*/16).uint64(message.retainUntilMs);
                if (message.legalHold != null && $Object.hasOwnProperty.call(message, "legalHold") && message.legalHold !== 0)
                    writer.uint32(/* id 3, wireType 0 =*/24).int32(message.legalHold);
                if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                    for (let i = 0; i < message.$unknowns.length; ++i)
                        writer.raw(message.$unknowns[i]);
                return writer;
            };

            /**
             * Decodes a Lock message from the specified reader or buffer.
             * @function decode
             * @memberof elastickv.s3.Lock
             * @static
             * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
             * @param {number} [length] Message length if known beforehand
             * @returns {elastickv.s3.Lock & elastickv.s3.Lock.$Shape} Lock
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            Lock.decode = function (reader, length, _end, _depth, _target) {
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
                message = _target || new $root.elastickv.s3.Lock();
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
                                message.mode = value;
                            else
                                delete message.mode;
                            continue;
                        }
                    case 2: {
                            if (wireType !== 0)
                                break;
                            if (typeof (value = reader.uint64()) === "object" ? value.low || value.high : value !== 0)
                                message.retainUntilMs = value;
                            else
                                delete message.retainUntilMs;
                            continue;
                        }
                    case 3: {
                            if (wireType !== 0)
                                break;
                            if (value = reader.int32())
                                message.legalHold = value;
                            else
                                delete message.legalHold;
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
             * LegalHold enum.
             * @name elastickv.s3.Lock.LegalHold
             * @enum {number}
             * @property {number} NEVER_SET=0 NEVER_SET value
             * @property {number} ON=1 ON value
             * @property {number} OFF=2 OFF value
             */
            Lock.LegalHold = (function() {
                const valuesById = $Object.create(null), values = $Object.create(valuesById);
                values[valuesById[0] = "NEVER_SET"] = 0;
                values[valuesById[1] = "ON"] = 1;
                values[valuesById[2] = "OFF"] = 2;
                return values;
            })();

            return Lock;
        })();

        s3.DefaultRetention = (function() {

            /**
             * Properties of a DefaultRetention.
             * @typedef {Object} elastickv.s3.DefaultRetention.$Properties
             * @property {elastickv.s3.RetentionMode|null} [mode] DefaultRetention mode
             * @property {number|null} [days] DefaultRetention days
             * @property {number|null} [years] DefaultRetention years
             * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
             */

            /**
             * Properties of a DefaultRetention.
             * @memberof elastickv.s3
             * @interface IDefaultRetention
             * @augments elastickv.s3.DefaultRetention.$Properties
             * @deprecated Use elastickv.s3.DefaultRetention.$Properties instead.
             */

            /**
             * Shape of a DefaultRetention.
             * @typedef {elastickv.s3.DefaultRetention.$Properties} elastickv.s3.DefaultRetention.$Shape
             */

            /**
             * Constructs a new DefaultRetention.
             * @memberof elastickv.s3
             * @classdesc Represents a DefaultRetention.
             * @constructor
             * @param {elastickv.s3.DefaultRetention.$Properties=} [properties] Properties to set
             * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
             */
            const DefaultRetention = function (properties) {
                if (properties)
                    for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                        if (properties[keys[i]] != null && keys[i] !== "__proto__")
                            this[keys[i]] = properties[keys[i]];
            };

            /**
             * DefaultRetention mode.
             * @member {elastickv.s3.RetentionMode} mode
             * @memberof elastickv.s3.DefaultRetention
             * @instance
             */
            DefaultRetention.prototype.mode = 0;

            /**
             * DefaultRetention days.
             * @member {number} days
             * @memberof elastickv.s3.DefaultRetention
             * @instance
             */
            DefaultRetention.prototype.days = 0;

            /**
             * DefaultRetention years.
             * @member {number} years
             * @memberof elastickv.s3.DefaultRetention
             * @instance
             */
            DefaultRetention.prototype.years = 0;

            /**
             * Encodes the specified DefaultRetention message. Does not implicitly {@link elastickv.s3.DefaultRetention.verify|verify} messages.
             * @function encode
             * @memberof elastickv.s3.DefaultRetention
             * @static
             * @param {elastickv.s3.DefaultRetention.$Properties} message DefaultRetention message or plain object to encode
             * @param {$protobuf.Writer} [writer] Writer to encode to
             * @returns {$protobuf.Writer} Writer
             */
            DefaultRetention.encode = function (message, writer, _depth) {
                if (!writer)
                    writer = $Writer.create();
                if (_depth === $undefined)
                    _depth = 0;
                if (_depth > $util.recursionLimit)
                    throw $Error("max depth exceeded");
                if (message.mode != null && $Object.hasOwnProperty.call(message, "mode") && message.mode !== 0)
                    writer.uint32(/* id 1, wireType 0 =*/8).int32(message.mode);
                if (message.days != null && $Object.hasOwnProperty.call(message, "days") && message.days !== 0)
                    writer.uint32(/* id 2, wireType 0 =*/16).uint32(message.days);
                if (message.years != null && $Object.hasOwnProperty.call(message, "years") && message.years !== 0)
                    writer.uint32(/* id 3, wireType 0 =*/24).uint32(message.years);
                if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                    for (let i = 0; i < message.$unknowns.length; ++i)
                        writer.raw(message.$unknowns[i]);
                return writer;
            };

            /**
             * Decodes a DefaultRetention message from the specified reader or buffer.
             * @function decode
             * @memberof elastickv.s3.DefaultRetention
             * @static
             * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
             * @param {number} [length] Message length if known beforehand
             * @returns {elastickv.s3.DefaultRetention & elastickv.s3.DefaultRetention.$Shape} DefaultRetention
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            DefaultRetention.decode = function (reader, length, _end, _depth, _target) {
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
                message = _target || new $root.elastickv.s3.DefaultRetention();
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
                                message.mode = value;
                            else
                                delete message.mode;
                            continue;
                        }
                    case 2: {
                            if (wireType !== 0)
                                break;
                            if (value = reader.uint32())
                                message.days = value;
                            else
                                delete message.days;
                            continue;
                        }
                    case 3: {
                            if (wireType !== 0)
                                break;
                            if (value = reader.uint32())
                                message.years = value;
                            else
                                delete message.years;
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

            return DefaultRetention;
        })();

        s3.Bucket = (function() {

            /**
             * Properties of a Bucket.
             * @typedef {Object} elastickv.s3.Bucket.$Properties
             * @property {Uint8Array|null} [generation] Bucket generation
             * @property {number|null} [createdMs] Bucket createdMs
             * @property {string|null} [region] Bucket region
             * @property {string|null} [owner] Bucket owner
             * @property {Uint8Array|null} [ownerId] Bucket ownerId
             * @property {elastickv.s3.Versioning|null} [versioning] Bucket versioning
             * @property {boolean|null} [objectLock] Bucket objectLock
             * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
             */

            /**
             * Properties of a Bucket.
             * @memberof elastickv.s3
             * @interface IBucket
             * @augments elastickv.s3.Bucket.$Properties
             * @deprecated Use elastickv.s3.Bucket.$Properties instead.
             */

            /**
             * Shape of a Bucket.
             * @typedef {elastickv.s3.Bucket.$Properties} elastickv.s3.Bucket.$Shape
             */

            /**
             * Constructs a new Bucket.
             * @memberof elastickv.s3
             * @classdesc Represents a Bucket.
             * @constructor
             * @param {elastickv.s3.Bucket.$Properties=} [properties] Properties to set
             * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
             */
            const Bucket = function (properties) {
                if (properties)
                    for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                        if (properties[keys[i]] != null && keys[i] !== "__proto__")
                            this[keys[i]] = properties[keys[i]];
            };

            /**
             * Bucket generation.
             * @member {Uint8Array} generation
             * @memberof elastickv.s3.Bucket
             * @instance
             */
            Bucket.prototype.generation = $util.newBuffer([]);

            /**
             * Bucket createdMs.
             * @member {number} createdMs
             * @memberof elastickv.s3.Bucket
             * @instance
             */
            Bucket.prototype.createdMs = $util.Long ? $util.Long.fromBits(0,0,true) : 0;

            /**
             * Bucket region.
             * @member {string} region
             * @memberof elastickv.s3.Bucket
             * @instance
             */
            Bucket.prototype.region = "";

            /**
             * Bucket owner.
             * @member {string} owner
             * @memberof elastickv.s3.Bucket
             * @instance
             */
            Bucket.prototype.owner = "";

            /**
             * Bucket ownerId.
             * @member {Uint8Array} ownerId
             * @memberof elastickv.s3.Bucket
             * @instance
             */
            Bucket.prototype.ownerId = $util.newBuffer([]);

            /**
             * Bucket versioning.
             * @member {elastickv.s3.Versioning} versioning
             * @memberof elastickv.s3.Bucket
             * @instance
             */
            Bucket.prototype.versioning = 0;

            /**
             * Bucket objectLock.
             * @member {boolean} objectLock
             * @memberof elastickv.s3.Bucket
             * @instance
             */
            Bucket.prototype.objectLock = false;

            /**
             * Encodes the specified Bucket message. Does not implicitly {@link elastickv.s3.Bucket.verify|verify} messages.
             * @function encode
             * @memberof elastickv.s3.Bucket
             * @static
             * @param {elastickv.s3.Bucket.$Properties} message Bucket message or plain object to encode
             * @param {$protobuf.Writer} [writer] Writer to encode to
             * @returns {$protobuf.Writer} Writer
             */
            Bucket.encode = function (message, writer, _depth) {
                if (!writer)
                    writer = $Writer.create();
                if (_depth === $undefined)
                    _depth = 0;
                if (_depth > $util.recursionLimit)
                    throw $Error("max depth exceeded");
                if (message.generation != null && $Object.hasOwnProperty.call(message, "generation") && message.generation.length)
                    writer.uint32(/* id 1, wireType 2 =*/10).bytes(message.generation);
                if (message.createdMs != null && $Object.hasOwnProperty.call(message, "createdMs") && (typeof message.createdMs === "object" ? message.createdMs.low || message.createdMs.high : message.createdMs !== 0))
                    writer.uint32(/* id 2, wireType 0 =*/16).uint64(message.createdMs);
                if (message.region != null && $Object.hasOwnProperty.call(message, "region") && message.region !== "")
                    writer.uint32(/* id 3, wireType 2 =*/26).string(message.region);
                if (message.owner != null && $Object.hasOwnProperty.call(message, "owner") && message.owner !== "")
                    writer.uint32(/* id 4, wireType 2 =*/34).string(message.owner);
                if (message.ownerId != null && $Object.hasOwnProperty.call(message, "ownerId") && message.ownerId.length)
                    writer.uint32(/* id 5, wireType 2 =*/42).bytes(message.ownerId);
                if (message.versioning != null && $Object.hasOwnProperty.call(message, "versioning") && message.versioning !== 0)
                    writer.uint32(/* id 6, wireType 0 =*/48).int32(message.versioning);
                if (message.objectLock != null && $Object.hasOwnProperty.call(message, "objectLock") && message.objectLock !== false)
                    writer.uint32(/* id 7, wireType 0 =*/56).bool(message.objectLock);
                if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                    for (let i = 0; i < message.$unknowns.length; ++i)
                        writer.raw(message.$unknowns[i]);
                return writer;
            };

            /**
             * Decodes a Bucket message from the specified reader or buffer.
             * @function decode
             * @memberof elastickv.s3.Bucket
             * @static
             * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
             * @param {number} [length] Message length if known beforehand
             * @returns {elastickv.s3.Bucket & elastickv.s3.Bucket.$Shape} Bucket
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            Bucket.decode = function (reader, length, _end, _depth, _target) {
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
                message = _target || new $root.elastickv.s3.Bucket();
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
                                message.generation = value;
                            else
                                delete message.generation;
                            continue;
                        }
                    case 2: {
                            if (wireType !== 0)
                                break;
                            if (typeof (value = reader.uint64()) === "object" ? value.low || value.high : value !== 0)
                                message.createdMs = value;
                            else
                                delete message.createdMs;
                            continue;
                        }
                    case 3: {
                            if (wireType !== 2)
                                break;
                            if ((value = reader.stringVerify()).length)
                                message.region = value;
                            else
                                delete message.region;
                            continue;
                        }
                    case 4: {
                            if (wireType !== 2)
                                break;
                            if ((value = reader.stringVerify()).length)
                                message.owner = value;
                            else
                                delete message.owner;
                            continue;
                        }
                    case 5: {
                            if (wireType !== 2)
                                break;
                            if ((value = reader.bytes()).length)
                                message.ownerId = value;
                            else
                                delete message.ownerId;
                            continue;
                        }
                    case 6: {
                            if (wireType !== 0)
                                break;
                            if (value = reader.int32())
                                message.versioning = value;
                            else
                                delete message.versioning;
                            continue;
                        }
                    case 7: {
                            if (wireType !== 0)
                                break;
                            if (value = reader.bool())
                                message.objectLock = value;
                            else
                                delete message.objectLock;
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

            return Bucket;
        })();

        /**
         * ChecksumAlgorithm enum.
         * @name elastickv.s3.ChecksumAlgorithm
         * @enum {number}
         * @property {number} CHECKSUM_NONE=0 CHECKSUM_NONE value
         * @property {number} CRC32=1 CRC32 value
         * @property {number} CRC32C=2 CRC32C value
         * @property {number} CRC64NVME=3 CRC64NVME value
         * @property {number} SHA1=4 SHA1 value
         * @property {number} SHA256=5 SHA256 value
         * @property {number} SHA512=6 SHA512 value
         * @property {number} MD5=7 MD5 value
         * @property {number} XXHASH64=8 XXHASH64 value
         * @property {number} XXHASH3=9 XXHASH3 value
         * @property {number} XXHASH128=10 XXHASH128 value
         */
        s3.ChecksumAlgorithm = (function() {
            const valuesById = $Object.create(null), values = $Object.create(valuesById);
            values[valuesById[0] = "CHECKSUM_NONE"] = 0;
            values[valuesById[1] = "CRC32"] = 1;
            values[valuesById[2] = "CRC32C"] = 2;
            values[valuesById[3] = "CRC64NVME"] = 3;
            values[valuesById[4] = "SHA1"] = 4;
            values[valuesById[5] = "SHA256"] = 5;
            values[valuesById[6] = "SHA512"] = 6;
            values[valuesById[7] = "MD5"] = 7;
            values[valuesById[8] = "XXHASH64"] = 8;
            values[valuesById[9] = "XXHASH3"] = 9;
            values[valuesById[10] = "XXHASH128"] = 10;
            return values;
        })();

        /**
         * ChecksumType enum.
         * @name elastickv.s3.ChecksumType
         * @enum {number}
         * @property {number} TYPE_NONE=0 TYPE_NONE value
         * @property {number} FULL_OBJECT=1 FULL_OBJECT value
         * @property {number} COMPOSITE=2 COMPOSITE value
         */
        s3.ChecksumType = (function() {
            const valuesById = $Object.create(null), values = $Object.create(valuesById);
            values[valuesById[0] = "TYPE_NONE"] = 0;
            values[valuesById[1] = "FULL_OBJECT"] = 1;
            values[valuesById[2] = "COMPOSITE"] = 2;
            return values;
        })();

        s3.Checksum = (function() {

            /**
             * Properties of a Checksum.
             * @typedef {Object} elastickv.s3.Checksum.$Properties
             * @property {elastickv.s3.ChecksumAlgorithm|null} [algorithm] Checksum algorithm
             * @property {elastickv.s3.ChecksumType|null} [type] Checksum type
             * @property {Uint8Array|null} [value] Checksum value
             * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
             */

            /**
             * Properties of a Checksum.
             * @memberof elastickv.s3
             * @interface IChecksum
             * @augments elastickv.s3.Checksum.$Properties
             * @deprecated Use elastickv.s3.Checksum.$Properties instead.
             */

            /**
             * Shape of a Checksum.
             * @typedef {elastickv.s3.Checksum.$Properties} elastickv.s3.Checksum.$Shape
             */

            /**
             * Constructs a new Checksum.
             * @memberof elastickv.s3
             * @classdesc Represents a Checksum.
             * @constructor
             * @param {elastickv.s3.Checksum.$Properties=} [properties] Properties to set
             * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
             */
            const Checksum = function (properties) {
                if (properties)
                    for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                        if (properties[keys[i]] != null && keys[i] !== "__proto__")
                            this[keys[i]] = properties[keys[i]];
            };

            /**
             * Checksum algorithm.
             * @member {elastickv.s3.ChecksumAlgorithm} algorithm
             * @memberof elastickv.s3.Checksum
             * @instance
             */
            Checksum.prototype.algorithm = 0;

            /**
             * Checksum type.
             * @member {elastickv.s3.ChecksumType} type
             * @memberof elastickv.s3.Checksum
             * @instance
             */
            Checksum.prototype.type = 0;

            /**
             * Checksum value.
             * @member {Uint8Array} value
             * @memberof elastickv.s3.Checksum
             * @instance
             */
            Checksum.prototype.value = $util.newBuffer([]);

            /**
             * Encodes the specified Checksum message. Does not implicitly {@link elastickv.s3.Checksum.verify|verify} messages.
             * @function encode
             * @memberof elastickv.s3.Checksum
             * @static
             * @param {elastickv.s3.Checksum.$Properties} message Checksum message or plain object to encode
             * @param {$protobuf.Writer} [writer] Writer to encode to
             * @returns {$protobuf.Writer} Writer
             */
            Checksum.encode = function (message, writer, _depth) {
                if (!writer)
                    writer = $Writer.create();
                if (_depth === $undefined)
                    _depth = 0;
                if (_depth > $util.recursionLimit)
                    throw $Error("max depth exceeded");
                if (message.algorithm != null && $Object.hasOwnProperty.call(message, "algorithm") && message.algorithm !== 0)
                    writer.uint32(/* id 1, wireType 0 =*/8).int32(message.algorithm);
                if (message.type != null && $Object.hasOwnProperty.call(message, "type") && message.type !== 0)
                    writer.uint32(/* id 2, wireType 0 =*/16).int32(message.type);
                if (message.value != null && $Object.hasOwnProperty.call(message, "value") && message.value.length)
                    writer.uint32(/* id 3, wireType 2 =*/26).bytes(message.value);
                if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                    for (let i = 0; i < message.$unknowns.length; ++i)
                        writer.raw(message.$unknowns[i]);
                return writer;
            };

            /**
             * Decodes a Checksum message from the specified reader or buffer.
             * @function decode
             * @memberof elastickv.s3.Checksum
             * @static
             * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
             * @param {number} [length] Message length if known beforehand
             * @returns {elastickv.s3.Checksum & elastickv.s3.Checksum.$Shape} Checksum
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            Checksum.decode = function (reader, length, _end, _depth, _target) {
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
                message = _target || new $root.elastickv.s3.Checksum();
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
                                message.algorithm = value;
                            else
                                delete message.algorithm;
                            continue;
                        }
                    case 2: {
                            if (wireType !== 0)
                                break;
                            if (value = reader.int32())
                                message.type = value;
                            else
                                delete message.type;
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

            return Checksum;
        })();

        /**
         * StorageClass enum.
         * @name elastickv.s3.StorageClass
         * @enum {number}
         * @property {number} STANDARD=0 STANDARD value
         * @property {number} REDUCED_REDUNDANCY=1 REDUCED_REDUNDANCY value
         * @property {number} STANDARD_IA=2 STANDARD_IA value
         * @property {number} ONEZONE_IA=3 ONEZONE_IA value
         * @property {number} INTELLIGENT_TIERING=4 INTELLIGENT_TIERING value
         * @property {number} GLACIER_IR=5 GLACIER_IR value
         */
        s3.StorageClass = (function() {
            const valuesById = $Object.create(null), values = $Object.create(valuesById);
            values[valuesById[0] = "STANDARD"] = 0;
            values[valuesById[1] = "REDUCED_REDUNDANCY"] = 1;
            values[valuesById[2] = "STANDARD_IA"] = 2;
            values[valuesById[3] = "ONEZONE_IA"] = 3;
            values[valuesById[4] = "INTELLIGENT_TIERING"] = 4;
            values[valuesById[5] = "GLACIER_IR"] = 5;
            return values;
        })();

        s3.ContentHeaders = (function() {

            /**
             * Properties of a ContentHeaders.
             * @typedef {Object} elastickv.s3.ContentHeaders.$Properties
             * @property {string|null} [contentType] ContentHeaders contentType
             * @property {string|null} [contentEncoding] ContentHeaders contentEncoding
             * @property {string|null} [contentDisposition] ContentHeaders contentDisposition
             * @property {string|null} [contentLanguage] ContentHeaders contentLanguage
             * @property {string|null} [cacheControl] ContentHeaders cacheControl
             * @property {string|null} [expires] ContentHeaders expires
             * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
             */

            /**
             * Properties of a ContentHeaders.
             * @memberof elastickv.s3
             * @interface IContentHeaders
             * @augments elastickv.s3.ContentHeaders.$Properties
             * @deprecated Use elastickv.s3.ContentHeaders.$Properties instead.
             */

            /**
             * Shape of a ContentHeaders.
             * @typedef {elastickv.s3.ContentHeaders.$Properties} elastickv.s3.ContentHeaders.$Shape
             */

            /**
             * Constructs a new ContentHeaders.
             * @memberof elastickv.s3
             * @classdesc Represents a ContentHeaders.
             * @constructor
             * @param {elastickv.s3.ContentHeaders.$Properties=} [properties] Properties to set
             * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
             */
            const ContentHeaders = function (properties) {
                if (properties)
                    for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                        if (properties[keys[i]] != null && keys[i] !== "__proto__")
                            this[keys[i]] = properties[keys[i]];
            };

            /**
             * ContentHeaders contentType.
             * @member {string} contentType
             * @memberof elastickv.s3.ContentHeaders
             * @instance
             */
            ContentHeaders.prototype.contentType = "";

            /**
             * ContentHeaders contentEncoding.
             * @member {string} contentEncoding
             * @memberof elastickv.s3.ContentHeaders
             * @instance
             */
            ContentHeaders.prototype.contentEncoding = "";

            /**
             * ContentHeaders contentDisposition.
             * @member {string} contentDisposition
             * @memberof elastickv.s3.ContentHeaders
             * @instance
             */
            ContentHeaders.prototype.contentDisposition = "";

            /**
             * ContentHeaders contentLanguage.
             * @member {string} contentLanguage
             * @memberof elastickv.s3.ContentHeaders
             * @instance
             */
            ContentHeaders.prototype.contentLanguage = "";

            /**
             * ContentHeaders cacheControl.
             * @member {string} cacheControl
             * @memberof elastickv.s3.ContentHeaders
             * @instance
             */
            ContentHeaders.prototype.cacheControl = "";

            /**
             * ContentHeaders expires.
             * @member {string} expires
             * @memberof elastickv.s3.ContentHeaders
             * @instance
             */
            ContentHeaders.prototype.expires = "";

            /**
             * Encodes the specified ContentHeaders message. Does not implicitly {@link elastickv.s3.ContentHeaders.verify|verify} messages.
             * @function encode
             * @memberof elastickv.s3.ContentHeaders
             * @static
             * @param {elastickv.s3.ContentHeaders.$Properties} message ContentHeaders message or plain object to encode
             * @param {$protobuf.Writer} [writer] Writer to encode to
             * @returns {$protobuf.Writer} Writer
             */
            ContentHeaders.encode = function (message, writer, _depth) {
                if (!writer)
                    writer = $Writer.create();
                if (_depth === $undefined)
                    _depth = 0;
                if (_depth > $util.recursionLimit)
                    throw $Error("max depth exceeded");
                if (message.contentType != null && $Object.hasOwnProperty.call(message, "contentType") && message.contentType !== "")
                    writer.uint32(/* id 1, wireType 2 =*/10).string(message.contentType);
                if (message.contentEncoding != null && $Object.hasOwnProperty.call(message, "contentEncoding") && message.contentEncoding !== "")
                    writer.uint32(/* id 2, wireType 2 =*/18).string(message.contentEncoding);
                if (message.contentDisposition != null && $Object.hasOwnProperty.call(message, "contentDisposition") && message.contentDisposition !== "")
                    writer.uint32(/* id 3, wireType 2 =*/26).string(message.contentDisposition);
                if (message.contentLanguage != null && $Object.hasOwnProperty.call(message, "contentLanguage") && message.contentLanguage !== "")
                    writer.uint32(/* id 4, wireType 2 =*/34).string(message.contentLanguage);
                if (message.cacheControl != null && $Object.hasOwnProperty.call(message, "cacheControl") && message.cacheControl !== "")
                    writer.uint32(/* id 5, wireType 2 =*/42).string(message.cacheControl);
                if (message.expires != null && $Object.hasOwnProperty.call(message, "expires") && message.expires !== "")
                    writer.uint32(/* id 6, wireType 2 =*/50).string(message.expires);
                if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                    for (let i = 0; i < message.$unknowns.length; ++i)
                        writer.raw(message.$unknowns[i]);
                return writer;
            };

            /**
             * Decodes a ContentHeaders message from the specified reader or buffer.
             * @function decode
             * @memberof elastickv.s3.ContentHeaders
             * @static
             * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
             * @param {number} [length] Message length if known beforehand
             * @returns {elastickv.s3.ContentHeaders & elastickv.s3.ContentHeaders.$Shape} ContentHeaders
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            ContentHeaders.decode = function (reader, length, _end, _depth, _target) {
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
                message = _target || new $root.elastickv.s3.ContentHeaders();
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
                            if ((value = reader.stringVerify()).length)
                                message.contentType = value;
                            else
                                delete message.contentType;
                            continue;
                        }
                    case 2: {
                            if (wireType !== 2)
                                break;
                            if ((value = reader.stringVerify()).length)
                                message.contentEncoding = value;
                            else
                                delete message.contentEncoding;
                            continue;
                        }
                    case 3: {
                            if (wireType !== 2)
                                break;
                            if ((value = reader.stringVerify()).length)
                                message.contentDisposition = value;
                            else
                                delete message.contentDisposition;
                            continue;
                        }
                    case 4: {
                            if (wireType !== 2)
                                break;
                            if ((value = reader.stringVerify()).length)
                                message.contentLanguage = value;
                            else
                                delete message.contentLanguage;
                            continue;
                        }
                    case 5: {
                            if (wireType !== 2)
                                break;
                            if ((value = reader.stringVerify()).length)
                                message.cacheControl = value;
                            else
                                delete message.cacheControl;
                            continue;
                        }
                    case 6: {
                            if (wireType !== 2)
                                break;
                            if ((value = reader.stringVerify()).length)
                                message.expires = value;
                            else
                                delete message.expires;
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

            return ContentHeaders;
        })();

        s3.UserMetadata = (function() {

            /**
             * Properties of a UserMetadata.
             * @typedef {Object} elastickv.s3.UserMetadata.$Properties
             * @property {string|null} [name] UserMetadata name
             * @property {string|null} [value] UserMetadata value
             * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
             */

            /**
             * Properties of a UserMetadata.
             * @memberof elastickv.s3
             * @interface IUserMetadata
             * @augments elastickv.s3.UserMetadata.$Properties
             * @deprecated Use elastickv.s3.UserMetadata.$Properties instead.
             */

            /**
             * Shape of a UserMetadata.
             * @typedef {elastickv.s3.UserMetadata.$Properties} elastickv.s3.UserMetadata.$Shape
             */

            /**
             * Constructs a new UserMetadata.
             * @memberof elastickv.s3
             * @classdesc Represents a UserMetadata.
             * @constructor
             * @param {elastickv.s3.UserMetadata.$Properties=} [properties] Properties to set
             * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
             */
            const UserMetadata = function (properties) {
                if (properties)
                    for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                        if (properties[keys[i]] != null && keys[i] !== "__proto__")
                            this[keys[i]] = properties[keys[i]];
            };

            /**
             * UserMetadata name.
             * @member {string} name
             * @memberof elastickv.s3.UserMetadata
             * @instance
             */
            UserMetadata.prototype.name = "";

            /**
             * UserMetadata value.
             * @member {string} value
             * @memberof elastickv.s3.UserMetadata
             * @instance
             */
            UserMetadata.prototype.value = "";

            /**
             * Encodes the specified UserMetadata message. Does not implicitly {@link elastickv.s3.UserMetadata.verify|verify} messages.
             * @function encode
             * @memberof elastickv.s3.UserMetadata
             * @static
             * @param {elastickv.s3.UserMetadata.$Properties} message UserMetadata message or plain object to encode
             * @param {$protobuf.Writer} [writer] Writer to encode to
             * @returns {$protobuf.Writer} Writer
             */
            UserMetadata.encode = function (message, writer, _depth) {
                if (!writer)
                    writer = $Writer.create();
                if (_depth === $undefined)
                    _depth = 0;
                if (_depth > $util.recursionLimit)
                    throw $Error("max depth exceeded");
                if (message.name != null && $Object.hasOwnProperty.call(message, "name") && message.name !== "")
                    writer.uint32(/* id 1, wireType 2 =*/10).string(message.name);
                if (message.value != null && $Object.hasOwnProperty.call(message, "value") && message.value !== "")
                    writer.uint32(/* id 2, wireType 2 =*/18).string(message.value);
                if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                    for (let i = 0; i < message.$unknowns.length; ++i)
                        writer.raw(message.$unknowns[i]);
                return writer;
            };

            /**
             * Decodes a UserMetadata message from the specified reader or buffer.
             * @function decode
             * @memberof elastickv.s3.UserMetadata
             * @static
             * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
             * @param {number} [length] Message length if known beforehand
             * @returns {elastickv.s3.UserMetadata & elastickv.s3.UserMetadata.$Shape} UserMetadata
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            UserMetadata.decode = function (reader, length, _end, _depth, _target) {
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
                message = _target || new $root.elastickv.s3.UserMetadata();
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
                            if ((value = reader.stringVerify()).length)
                                message.name = value;
                            else
                                delete message.name;
                            continue;
                        }
                    case 2: {
                            if (wireType !== 2)
                                break;
                            if ((value = reader.stringVerify()).length)
                                message.value = value;
                            else
                                delete message.value;
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

            return UserMetadata;
        })();

        s3.Tag = (function() {

            /**
             * Properties of a Tag.
             * @typedef {Object} elastickv.s3.Tag.$Properties
             * @property {string|null} [key] Tag key
             * @property {string|null} [value] Tag value
             * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
             */

            /**
             * Properties of a Tag.
             * @memberof elastickv.s3
             * @interface ITag
             * @augments elastickv.s3.Tag.$Properties
             * @deprecated Use elastickv.s3.Tag.$Properties instead.
             */

            /**
             * Shape of a Tag.
             * @typedef {elastickv.s3.Tag.$Properties} elastickv.s3.Tag.$Shape
             */

            /**
             * Constructs a new Tag.
             * @memberof elastickv.s3
             * @classdesc Represents a Tag.
             * @constructor
             * @param {elastickv.s3.Tag.$Properties=} [properties] Properties to set
             * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
             */
            const Tag = function (properties) {
                if (properties)
                    for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                        if (properties[keys[i]] != null && keys[i] !== "__proto__")
                            this[keys[i]] = properties[keys[i]];
            };

            /**
             * Tag key.
             * @member {string} key
             * @memberof elastickv.s3.Tag
             * @instance
             */
            Tag.prototype.key = "";

            /**
             * Tag value.
             * @member {string} value
             * @memberof elastickv.s3.Tag
             * @instance
             */
            Tag.prototype.value = "";

            /**
             * Encodes the specified Tag message. Does not implicitly {@link elastickv.s3.Tag.verify|verify} messages.
             * @function encode
             * @memberof elastickv.s3.Tag
             * @static
             * @param {elastickv.s3.Tag.$Properties} message Tag message or plain object to encode
             * @param {$protobuf.Writer} [writer] Writer to encode to
             * @returns {$protobuf.Writer} Writer
             */
            Tag.encode = function (message, writer, _depth) {
                if (!writer)
                    writer = $Writer.create();
                if (_depth === $undefined)
                    _depth = 0;
                if (_depth > $util.recursionLimit)
                    throw $Error("max depth exceeded");
                if (message.key != null && $Object.hasOwnProperty.call(message, "key") && message.key !== "")
                    writer.uint32(/* id 1, wireType 2 =*/10).string(message.key);
                if (message.value != null && $Object.hasOwnProperty.call(message, "value") && message.value !== "")
                    writer.uint32(/* id 2, wireType 2 =*/18).string(message.value);
                if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                    for (let i = 0; i < message.$unknowns.length; ++i)
                        writer.raw(message.$unknowns[i]);
                return writer;
            };

            /**
             * Decodes a Tag message from the specified reader or buffer.
             * @function decode
             * @memberof elastickv.s3.Tag
             * @static
             * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
             * @param {number} [length] Message length if known beforehand
             * @returns {elastickv.s3.Tag & elastickv.s3.Tag.$Shape} Tag
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            Tag.decode = function (reader, length, _end, _depth, _target) {
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
                message = _target || new $root.elastickv.s3.Tag();
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
                            if ((value = reader.stringVerify()).length)
                                message.key = value;
                            else
                                delete message.key;
                            continue;
                        }
                    case 2: {
                            if (wireType !== 2)
                                break;
                            if ((value = reader.stringVerify()).length)
                                message.value = value;
                            else
                                delete message.value;
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

            return Tag;
        })();

        s3.Tagging = (function() {

            /**
             * Properties of a Tagging.
             * @typedef {Object} elastickv.s3.Tagging.$Properties
             * @property {Array.<elastickv.s3.Tag.$Properties>|null} [tags] Tagging tags
             * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
             */

            /**
             * Properties of a Tagging.
             * @memberof elastickv.s3
             * @interface ITagging
             * @augments elastickv.s3.Tagging.$Properties
             * @deprecated Use elastickv.s3.Tagging.$Properties instead.
             */

            /**
             * Shape of a Tagging.
             * @typedef {elastickv.s3.Tagging.$Properties} elastickv.s3.Tagging.$Shape
             */

            /**
             * Constructs a new Tagging.
             * @memberof elastickv.s3
             * @classdesc Represents a Tagging.
             * @constructor
             * @param {elastickv.s3.Tagging.$Properties=} [properties] Properties to set
             * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
             */
            const Tagging = function (properties) {
                this.tags = [];
                if (properties)
                    for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                        if (properties[keys[i]] != null && keys[i] !== "__proto__")
                            this[keys[i]] = properties[keys[i]];
            };

            /**
             * Tagging tags.
             * @member {Array.<elastickv.s3.Tag.$Properties>} tags
             * @memberof elastickv.s3.Tagging
             * @instance
             */
            Tagging.prototype.tags = $util.emptyArray;

            /**
             * Encodes the specified Tagging message. Does not implicitly {@link elastickv.s3.Tagging.verify|verify} messages.
             * @function encode
             * @memberof elastickv.s3.Tagging
             * @static
             * @param {elastickv.s3.Tagging.$Properties} message Tagging message or plain object to encode
             * @param {$protobuf.Writer} [writer] Writer to encode to
             * @returns {$protobuf.Writer} Writer
             */
            Tagging.encode = function (message, writer, _depth) {
                if (!writer)
                    writer = $Writer.create();
                if (_depth === $undefined)
                    _depth = 0;
                if (_depth > $util.recursionLimit)
                    throw $Error("max depth exceeded");
                if (message.tags != null && message.tags.length)
                    for (let i = 0; i < message.tags.length; ++i)
                        $root.elastickv.s3.Tag.encode(message.tags[i], writer.uint32(/* id 1, wireType 2 =*/10).fork(), _depth + 1).ldelim();
                if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                    for (let i = 0; i < message.$unknowns.length; ++i)
                        writer.raw(message.$unknowns[i]);
                return writer;
            };

            /**
             * Decodes a Tagging message from the specified reader or buffer.
             * @function decode
             * @memberof elastickv.s3.Tagging
             * @static
             * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
             * @param {number} [length] Message length if known beforehand
             * @returns {elastickv.s3.Tagging & elastickv.s3.Tagging.$Shape} Tagging
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            Tagging.decode = function (reader, length, _end, _depth, _target) {
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
                message = _target || new $root.elastickv.s3.Tagging();
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
                            if (!(message.tags && message.tags.length))
                                message.tags = [];
                            message.tags.push($root.elastickv.s3.Tag.decode(reader, reader.size(), $undefined, _depth + 1));
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

            return Tagging;
        })();

        /**
         * Payer enum.
         * @name elastickv.s3.Payer
         * @enum {number}
         * @property {number} BUCKET_OWNER=0 BUCKET_OWNER value
         * @property {number} REQUESTER=1 REQUESTER value
         */
        s3.Payer = (function() {
            const valuesById = $Object.create(null), values = $Object.create(valuesById);
            values[valuesById[0] = "BUCKET_OWNER"] = 0;
            values[valuesById[1] = "REQUESTER"] = 1;
            return values;
        })();

        s3.RequestPayment = (function() {

            /**
             * Properties of a RequestPayment.
             * @typedef {Object} elastickv.s3.RequestPayment.$Properties
             * @property {elastickv.s3.Payer|null} [payer] RequestPayment payer
             * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
             */

            /**
             * Properties of a RequestPayment.
             * @memberof elastickv.s3
             * @interface IRequestPayment
             * @augments elastickv.s3.RequestPayment.$Properties
             * @deprecated Use elastickv.s3.RequestPayment.$Properties instead.
             */

            /**
             * Shape of a RequestPayment.
             * @typedef {elastickv.s3.RequestPayment.$Properties} elastickv.s3.RequestPayment.$Shape
             */

            /**
             * Constructs a new RequestPayment.
             * @memberof elastickv.s3
             * @classdesc Represents a RequestPayment.
             * @constructor
             * @param {elastickv.s3.RequestPayment.$Properties=} [properties] Properties to set
             * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
             */
            const RequestPayment = function (properties) {
                if (properties)
                    for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                        if (properties[keys[i]] != null && keys[i] !== "__proto__")
                            this[keys[i]] = properties[keys[i]];
            };

            /**
             * RequestPayment payer.
             * @member {elastickv.s3.Payer} payer
             * @memberof elastickv.s3.RequestPayment
             * @instance
             */
            RequestPayment.prototype.payer = 0;

            /**
             * Encodes the specified RequestPayment message. Does not implicitly {@link elastickv.s3.RequestPayment.verify|verify} messages.
             * @function encode
             * @memberof elastickv.s3.RequestPayment
             * @static
             * @param {elastickv.s3.RequestPayment.$Properties} message RequestPayment message or plain object to encode
             * @param {$protobuf.Writer} [writer] Writer to encode to
             * @returns {$protobuf.Writer} Writer
             */
            RequestPayment.encode = function (message, writer, _depth) {
                if (!writer)
                    writer = $Writer.create();
                if (_depth === $undefined)
                    _depth = 0;
                if (_depth > $util.recursionLimit)
                    throw $Error("max depth exceeded");
                if (message.payer != null && $Object.hasOwnProperty.call(message, "payer") && message.payer !== 0)
                    writer.uint32(/* id 1, wireType 0 =*/8).int32(message.payer);
                if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                    for (let i = 0; i < message.$unknowns.length; ++i)
                        writer.raw(message.$unknowns[i]);
                return writer;
            };

            /**
             * Decodes a RequestPayment message from the specified reader or buffer.
             * @function decode
             * @memberof elastickv.s3.RequestPayment
             * @static
             * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
             * @param {number} [length] Message length if known beforehand
             * @returns {elastickv.s3.RequestPayment & elastickv.s3.RequestPayment.$Shape} RequestPayment
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            RequestPayment.decode = function (reader, length, _end, _depth, _target) {
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
                message = _target || new $root.elastickv.s3.RequestPayment();
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
                                message.payer = value;
                            else
                                delete message.payer;
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

            return RequestPayment;
        })();

        s3.CorsRule = (function() {

            /**
             * Properties of a CorsRule.
             * @typedef {Object} elastickv.s3.CorsRule.$Properties
             * @property {string|null} [id] CorsRule id
             * @property {Array.<string>|null} [allowedHeaders] CorsRule allowedHeaders
             * @property {Array.<string>|null} [allowedMethods] CorsRule allowedMethods
             * @property {Array.<string>|null} [allowedOrigins] CorsRule allowedOrigins
             * @property {Array.<string>|null} [exposeHeaders] CorsRule exposeHeaders
             * @property {number|null} [maxAgeSeconds] CorsRule maxAgeSeconds
             * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
             */

            /**
             * Properties of a CorsRule.
             * @memberof elastickv.s3
             * @interface ICorsRule
             * @augments elastickv.s3.CorsRule.$Properties
             * @deprecated Use elastickv.s3.CorsRule.$Properties instead.
             */

            /**
             * Shape of a CorsRule.
             * @typedef {elastickv.s3.CorsRule.$Properties} elastickv.s3.CorsRule.$Shape
             */

            /**
             * Constructs a new CorsRule.
             * @memberof elastickv.s3
             * @classdesc Represents a CorsRule.
             * @constructor
             * @param {elastickv.s3.CorsRule.$Properties=} [properties] Properties to set
             * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
             */
            const CorsRule = function (properties) {
                this.allowedHeaders = [];
                this.allowedMethods = [];
                this.allowedOrigins = [];
                this.exposeHeaders = [];
                if (properties)
                    for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                        if (properties[keys[i]] != null && keys[i] !== "__proto__")
                            this[keys[i]] = properties[keys[i]];
            };

            /**
             * CorsRule id.
             * @member {string} id
             * @memberof elastickv.s3.CorsRule
             * @instance
             */
            CorsRule.prototype.id = "";

            /**
             * CorsRule allowedHeaders.
             * @member {Array.<string>} allowedHeaders
             * @memberof elastickv.s3.CorsRule
             * @instance
             */
            CorsRule.prototype.allowedHeaders = $util.emptyArray;

            /**
             * CorsRule allowedMethods.
             * @member {Array.<string>} allowedMethods
             * @memberof elastickv.s3.CorsRule
             * @instance
             */
            CorsRule.prototype.allowedMethods = $util.emptyArray;

            /**
             * CorsRule allowedOrigins.
             * @member {Array.<string>} allowedOrigins
             * @memberof elastickv.s3.CorsRule
             * @instance
             */
            CorsRule.prototype.allowedOrigins = $util.emptyArray;

            /**
             * CorsRule exposeHeaders.
             * @member {Array.<string>} exposeHeaders
             * @memberof elastickv.s3.CorsRule
             * @instance
             */
            CorsRule.prototype.exposeHeaders = $util.emptyArray;

            /**
             * CorsRule maxAgeSeconds.
             * @member {number|null|undefined} maxAgeSeconds
             * @memberof elastickv.s3.CorsRule
             * @instance
             */
            CorsRule.prototype.maxAgeSeconds = null;

            // OneOf field names bound to virtual getters and setters
            let $oneOfFields;

            // Virtual OneOf for proto3 optional field
            $Object.defineProperty(CorsRule.prototype, "_maxAgeSeconds", {
                get: $util.oneOfGetter($oneOfFields = ["maxAgeSeconds"]),
                set: $util.oneOfSetter($oneOfFields)
            });

            /**
             * Encodes the specified CorsRule message. Does not implicitly {@link elastickv.s3.CorsRule.verify|verify} messages.
             * @function encode
             * @memberof elastickv.s3.CorsRule
             * @static
             * @param {elastickv.s3.CorsRule.$Properties} message CorsRule message or plain object to encode
             * @param {$protobuf.Writer} [writer] Writer to encode to
             * @returns {$protobuf.Writer} Writer
             */
            CorsRule.encode = function (message, writer, _depth) {
                if (!writer)
                    writer = $Writer.create();
                if (_depth === $undefined)
                    _depth = 0;
                if (_depth > $util.recursionLimit)
                    throw $Error("max depth exceeded");
                if (message.id != null && $Object.hasOwnProperty.call(message, "id") && message.id !== "")
                    writer.uint32(/* id 1, wireType 2 =*/10).string(message.id);
                if (message.allowedHeaders != null && message.allowedHeaders.length)
                    for (let i = 0; i < message.allowedHeaders.length; ++i)
                        writer.uint32(/* id 2, wireType 2 =*/18).string(message.allowedHeaders[i]);
                if (message.allowedMethods != null && message.allowedMethods.length)
                    for (let i = 0; i < message.allowedMethods.length; ++i)
                        writer.uint32(/* id 3, wireType 2 =*/26).string(message.allowedMethods[i]);
                if (message.allowedOrigins != null && message.allowedOrigins.length)
                    for (let i = 0; i < message.allowedOrigins.length; ++i)
                        writer.uint32(/* id 4, wireType 2 =*/34).string(message.allowedOrigins[i]);
                if (message.exposeHeaders != null && message.exposeHeaders.length)
                    for (let i = 0; i < message.exposeHeaders.length; ++i)
                        writer.uint32(/* id 5, wireType 2 =*/42).string(message.exposeHeaders[i]);
                if (message.maxAgeSeconds != null && $Object.hasOwnProperty.call(message, "maxAgeSeconds"))
                    writer.uint32(/* id 6, wireType 0 =*/48).uint32(message.maxAgeSeconds);
                if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                    for (let i = 0; i < message.$unknowns.length; ++i)
                        writer.raw(message.$unknowns[i]);
                return writer;
            };

            /**
             * Decodes a CorsRule message from the specified reader or buffer.
             * @function decode
             * @memberof elastickv.s3.CorsRule
             * @static
             * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
             * @param {number} [length] Message length if known beforehand
             * @returns {elastickv.s3.CorsRule & elastickv.s3.CorsRule.$Shape} CorsRule
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            CorsRule.decode = function (reader, length, _end, _depth, _target) {
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
                message = _target || new $root.elastickv.s3.CorsRule();
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
                            if ((value = reader.stringVerify()).length)
                                message.id = value;
                            else
                                delete message.id;
                            continue;
                        }
                    case 2: {
                            if (wireType !== 2)
                                break;
                            if (!(message.allowedHeaders && message.allowedHeaders.length))
                                message.allowedHeaders = [];
                            message.allowedHeaders.push(reader.stringVerify());
                            continue;
                        }
                    case 3: {
                            if (wireType !== 2)
                                break;
                            if (!(message.allowedMethods && message.allowedMethods.length))
                                message.allowedMethods = [];
                            message.allowedMethods.push(reader.stringVerify());
                            continue;
                        }
                    case 4: {
                            if (wireType !== 2)
                                break;
                            if (!(message.allowedOrigins && message.allowedOrigins.length))
                                message.allowedOrigins = [];
                            message.allowedOrigins.push(reader.stringVerify());
                            continue;
                        }
                    case 5: {
                            if (wireType !== 2)
                                break;
                            if (!(message.exposeHeaders && message.exposeHeaders.length))
                                message.exposeHeaders = [];
                            message.exposeHeaders.push(reader.stringVerify());
                            continue;
                        }
                    case 6: {
                            if (wireType !== 0)
                                break;
                            message.maxAgeSeconds = reader.uint32();
                            message._maxAgeSeconds = "maxAgeSeconds";
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

            return CorsRule;
        })();

        s3.Cors = (function() {

            /**
             * Properties of a Cors.
             * @typedef {Object} elastickv.s3.Cors.$Properties
             * @property {Array.<elastickv.s3.CorsRule.$Properties>|null} [rules] Cors rules
             * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
             */

            /**
             * Properties of a Cors.
             * @memberof elastickv.s3
             * @interface ICors
             * @augments elastickv.s3.Cors.$Properties
             * @deprecated Use elastickv.s3.Cors.$Properties instead.
             */

            /**
             * Shape of a Cors.
             * @typedef {elastickv.s3.Cors.$Properties} elastickv.s3.Cors.$Shape
             */

            /**
             * Constructs a new Cors.
             * @memberof elastickv.s3
             * @classdesc Represents a Cors.
             * @constructor
             * @param {elastickv.s3.Cors.$Properties=} [properties] Properties to set
             * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
             */
            const Cors = function (properties) {
                this.rules = [];
                if (properties)
                    for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                        if (properties[keys[i]] != null && keys[i] !== "__proto__")
                            this[keys[i]] = properties[keys[i]];
            };

            /**
             * Cors rules.
             * @member {Array.<elastickv.s3.CorsRule.$Properties>} rules
             * @memberof elastickv.s3.Cors
             * @instance
             */
            Cors.prototype.rules = $util.emptyArray;

            /**
             * Encodes the specified Cors message. Does not implicitly {@link elastickv.s3.Cors.verify|verify} messages.
             * @function encode
             * @memberof elastickv.s3.Cors
             * @static
             * @param {elastickv.s3.Cors.$Properties} message Cors message or plain object to encode
             * @param {$protobuf.Writer} [writer] Writer to encode to
             * @returns {$protobuf.Writer} Writer
             */
            Cors.encode = function (message, writer, _depth) {
                if (!writer)
                    writer = $Writer.create();
                if (_depth === $undefined)
                    _depth = 0;
                if (_depth > $util.recursionLimit)
                    throw $Error("max depth exceeded");
                if (message.rules != null && message.rules.length)
                    for (let i = 0; i < message.rules.length; ++i)
                        $root.elastickv.s3.CorsRule.encode(message.rules[i], writer.uint32(/* id 1, wireType 2 =*/10).fork(), _depth + 1).ldelim();
                if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                    for (let i = 0; i < message.$unknowns.length; ++i)
                        writer.raw(message.$unknowns[i]);
                return writer;
            };

            /**
             * Decodes a Cors message from the specified reader or buffer.
             * @function decode
             * @memberof elastickv.s3.Cors
             * @static
             * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
             * @param {number} [length] Message length if known beforehand
             * @returns {elastickv.s3.Cors & elastickv.s3.Cors.$Shape} Cors
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            Cors.decode = function (reader, length, _end, _depth, _target) {
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
                message = _target || new $root.elastickv.s3.Cors();
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
                            if (!(message.rules && message.rules.length))
                                message.rules = [];
                            message.rules.push($root.elastickv.s3.CorsRule.decode(reader, reader.size(), $undefined, _depth + 1));
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

            return Cors;
        })();

        s3.Manifest = (function() {

            /**
             * Properties of a Manifest.
             * @typedef {Object} elastickv.s3.Manifest.$Properties
             * @property {string|null} [versionId] Manifest versionId
             * @property {number|null} [size] Manifest size
             * @property {string|null} [etag] Manifest etag
             * @property {number|null} [modifiedMs] Manifest modifiedMs
             * @property {elastickv.s3.ContentHeaders.$Properties|null} [headers] Manifest headers
             * @property {Array.<elastickv.s3.UserMetadata.$Properties>|null} [metadata] Manifest metadata
             * @property {elastickv.s3.Checksum.$Properties|null} [checksum] Manifest checksum
             * @property {string|null} [owner] Manifest owner
             * @property {elastickv.s3.Manifest.Content|null} [content] Manifest content
             * @property {Uint8Array|null} [attempt] Manifest attempt
             * @property {number|null} [chunkSize] Manifest chunkSize
             * @property {number|null} [partCount] Manifest partCount
             * @property {number|null} [payloadCrc32] Manifest payloadCrc32
             * @property {elastickv.s3.StorageClass|null} [storageClass] Manifest storageClass
             * @property {Uint8Array|null} [ownerId] Manifest ownerId
             * @property {Uint8Array|null} [invocation] Manifest invocation
             * @property {elastickv.s3.Lock.$Properties|null} [lock] Manifest lock
             * @property {Uint8Array|null} [order] Manifest order
             * @property {Array.<elastickv.s3.Tag.$Properties>|null} [tags] Manifest tags
             * @property {string|null} [redirect] Manifest redirect
             * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
             */

            /**
             * Properties of a Manifest.
             * @memberof elastickv.s3
             * @interface IManifest
             * @augments elastickv.s3.Manifest.$Properties
             * @deprecated Use elastickv.s3.Manifest.$Properties instead.
             */

            /**
             * Shape of a Manifest.
             * @typedef {elastickv.s3.Manifest.$Properties} elastickv.s3.Manifest.$Shape
             */

            /**
             * Constructs a new Manifest.
             * @memberof elastickv.s3
             * @classdesc Represents a Manifest.
             * @constructor
             * @param {elastickv.s3.Manifest.$Properties=} [properties] Properties to set
             * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
             */
            const Manifest = function (properties) {
                this.metadata = [];
                this.tags = [];
                if (properties)
                    for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                        if (properties[keys[i]] != null && keys[i] !== "__proto__")
                            this[keys[i]] = properties[keys[i]];
            };

            /**
             * Manifest versionId.
             * @member {string} versionId
             * @memberof elastickv.s3.Manifest
             * @instance
             */
            Manifest.prototype.versionId = "";

            /**
             * Manifest size.
             * @member {number} size
             * @memberof elastickv.s3.Manifest
             * @instance
             */
            Manifest.prototype.size = $util.Long ? $util.Long.fromBits(0,0,true) : 0;

            /**
             * Manifest etag.
             * @member {string} etag
             * @memberof elastickv.s3.Manifest
             * @instance
             */
            Manifest.prototype.etag = "";

            /**
             * Manifest modifiedMs.
             * @member {number} modifiedMs
             * @memberof elastickv.s3.Manifest
             * @instance
             */
            Manifest.prototype.modifiedMs = $util.Long ? $util.Long.fromBits(0,0,true) : 0;

            /**
             * Manifest headers.
             * @member {elastickv.s3.ContentHeaders.$Properties|null|undefined} headers
             * @memberof elastickv.s3.Manifest
             * @instance
             */
            Manifest.prototype.headers = null;

            /**
             * Manifest metadata.
             * @member {Array.<elastickv.s3.UserMetadata.$Properties>} metadata
             * @memberof elastickv.s3.Manifest
             * @instance
             */
            Manifest.prototype.metadata = $util.emptyArray;

            /**
             * Manifest checksum.
             * @member {elastickv.s3.Checksum.$Properties|null|undefined} checksum
             * @memberof elastickv.s3.Manifest
             * @instance
             */
            Manifest.prototype.checksum = null;

            /**
             * Manifest owner.
             * @member {string} owner
             * @memberof elastickv.s3.Manifest
             * @instance
             */
            Manifest.prototype.owner = "";

            /**
             * Manifest content.
             * @member {elastickv.s3.Manifest.Content} content
             * @memberof elastickv.s3.Manifest
             * @instance
             */
            Manifest.prototype.content = 0;

            /**
             * Manifest attempt.
             * @member {Uint8Array} attempt
             * @memberof elastickv.s3.Manifest
             * @instance
             */
            Manifest.prototype.attempt = $util.newBuffer([]);

            /**
             * Manifest chunkSize.
             * @member {number} chunkSize
             * @memberof elastickv.s3.Manifest
             * @instance
             */
            Manifest.prototype.chunkSize = 0;

            /**
             * Manifest partCount.
             * @member {number} partCount
             * @memberof elastickv.s3.Manifest
             * @instance
             */
            Manifest.prototype.partCount = 0;

            /**
             * Manifest payloadCrc32.
             * @member {number} payloadCrc32
             * @memberof elastickv.s3.Manifest
             * @instance
             */
            Manifest.prototype.payloadCrc32 = 0;

            /**
             * Manifest storageClass.
             * @member {elastickv.s3.StorageClass} storageClass
             * @memberof elastickv.s3.Manifest
             * @instance
             */
            Manifest.prototype.storageClass = 0;

            /**
             * Manifest ownerId.
             * @member {Uint8Array} ownerId
             * @memberof elastickv.s3.Manifest
             * @instance
             */
            Manifest.prototype.ownerId = $util.newBuffer([]);

            /**
             * Manifest invocation.
             * @member {Uint8Array} invocation
             * @memberof elastickv.s3.Manifest
             * @instance
             */
            Manifest.prototype.invocation = $util.newBuffer([]);

            /**
             * Manifest lock.
             * @member {elastickv.s3.Lock.$Properties|null|undefined} lock
             * @memberof elastickv.s3.Manifest
             * @instance
             */
            Manifest.prototype.lock = null;

            /**
             * Manifest order.
             * @member {Uint8Array} order
             * @memberof elastickv.s3.Manifest
             * @instance
             */
            Manifest.prototype.order = $util.newBuffer([]);

            /**
             * Manifest tags.
             * @member {Array.<elastickv.s3.Tag.$Properties>} tags
             * @memberof elastickv.s3.Manifest
             * @instance
             */
            Manifest.prototype.tags = $util.emptyArray;

            /**
             * Manifest redirect.
             * @member {string} redirect
             * @memberof elastickv.s3.Manifest
             * @instance
             */
            Manifest.prototype.redirect = "";

            /**
             * Encodes the specified Manifest message. Does not implicitly {@link elastickv.s3.Manifest.verify|verify} messages.
             * @function encode
             * @memberof elastickv.s3.Manifest
             * @static
             * @param {elastickv.s3.Manifest.$Properties} message Manifest message or plain object to encode
             * @param {$protobuf.Writer} [writer] Writer to encode to
             * @returns {$protobuf.Writer} Writer
             */
            Manifest.encode = function (message, writer, _depth) {
                if (!writer)
                    writer = $Writer.create();
                if (_depth === $undefined)
                    _depth = 0;
                if (_depth > $util.recursionLimit)
                    throw $Error("max depth exceeded");
                if (message.versionId != null && $Object.hasOwnProperty.call(message, "versionId") && message.versionId !== "")
                    writer.uint32(/* id 1, wireType 2 =*/10).string(message.versionId);
                if (message.size != null && $Object.hasOwnProperty.call(message, "size") && (typeof message.size === "object" ? message.size.low || message.size.high : message.size !== 0))
                    writer.uint32(/* id 2, wireType 0 =*/16).uint64(message.size);
                if (message.etag != null && $Object.hasOwnProperty.call(message, "etag") && message.etag !== "")
                    writer.uint32(/* id 3, wireType 2 =*/26).string(message.etag);
                if (message.modifiedMs != null && $Object.hasOwnProperty.call(message, "modifiedMs") && (typeof message.modifiedMs === "object" ? message.modifiedMs.low || message.modifiedMs.high : message.modifiedMs !== 0))
                    writer.uint32(/* id 4, wireType 0 =*/32).uint64(message.modifiedMs);
                if (message.headers != null && $Object.hasOwnProperty.call(message, "headers"))
                    $root.elastickv.s3.ContentHeaders.encode(message.headers, writer.uint32(/* id 5, wireType 2 =*/42).fork(), _depth + 1).ldelim();
                if (message.metadata != null && message.metadata.length)
                    for (let i = 0; i < message.metadata.length; ++i)
                        $root.elastickv.s3.UserMetadata.encode(message.metadata[i], writer.uint32(/* id 6, wireType 2 =*/50).fork(), _depth + 1).ldelim();
                if (message.checksum != null && $Object.hasOwnProperty.call(message, "checksum"))
                    $root.elastickv.s3.Checksum.encode(message.checksum, writer.uint32(/* id 7, wireType 2 =*/58).fork(), _depth + 1).ldelim();
                if (message.owner != null && $Object.hasOwnProperty.call(message, "owner") && message.owner !== "")
                    writer.uint32(/* id 8, wireType 2 =*/66).string(message.owner);
                if (message.content != null && $Object.hasOwnProperty.call(message, "content") && message.content !== 0)
                    writer.uint32(/* id 9, wireType 0 =*/72).int32(message.content);
                if (message.attempt != null && $Object.hasOwnProperty.call(message, "attempt") && message.attempt.length)
                    writer.uint32(/* id 10, wireType 2 =*/82).bytes(message.attempt);
                if (message.chunkSize != null && $Object.hasOwnProperty.call(message, "chunkSize") && message.chunkSize !== 0)
                    writer.uint32(/* id 11, wireType 0 =*/88).uint32(message.chunkSize);
                if (message.partCount != null && $Object.hasOwnProperty.call(message, "partCount") && message.partCount !== 0)
                    writer.uint32(/* id 12, wireType 0 =*/96).uint32(message.partCount);
                if (message.payloadCrc32 != null && $Object.hasOwnProperty.call(message, "payloadCrc32") && message.payloadCrc32 !== 0)
                    writer.uint32(/* id 13, wireType 5 =*/109).fixed32(message.payloadCrc32);
                if (message.storageClass != null && $Object.hasOwnProperty.call(message, "storageClass") && message.storageClass !== 0)
                    writer.uint32(/* id 14, wireType 0 =*/112).int32(message.storageClass);
                if (message.invocation != null && $Object.hasOwnProperty.call(message, "invocation") && message.invocation.length)
                    writer.uint32(/* id 20, wireType 2 =*/162).bytes(message.invocation);
                if (message.ownerId != null && $Object.hasOwnProperty.call(message, "ownerId") && message.ownerId.length)
                    writer.uint32(/* id 21, wireType 2 =*/170).bytes(message.ownerId);
                if (message.order != null && $Object.hasOwnProperty.call(message, "order") && message.order.length)
                    writer.uint32(/* id 22, wireType 2 =*/178).bytes(message.order);
                if (message.lock != null && $Object.hasOwnProperty.call(message, "lock"))
                    $root.elastickv.s3.Lock.encode(message.lock, writer.uint32(/* id 23, wireType 2 =*/186).fork(), _depth + 1).ldelim();
                if (message.tags != null && message.tags.length)
                    for (let i = 0; i < message.tags.length; ++i)
                        $root.elastickv.s3.Tag.encode(message.tags[i], writer.uint32(/* id 30, wireType 2 =*/242).fork(), _depth + 1).ldelim();
                if (message.redirect != null && $Object.hasOwnProperty.call(message, "redirect") && message.redirect !== "")
                    writer.uint32(/* id 31, wireType 2 =*/250).string(message.redirect);
                if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                    for (let i = 0; i < message.$unknowns.length; ++i)
                        writer.raw(message.$unknowns[i]);
                return writer;
            };

            /**
             * Decodes a Manifest message from the specified reader or buffer.
             * @function decode
             * @memberof elastickv.s3.Manifest
             * @static
             * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
             * @param {number} [length] Message length if known beforehand
             * @returns {elastickv.s3.Manifest & elastickv.s3.Manifest.$Shape} Manifest
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            Manifest.decode = function (reader, length, _end, _depth, _target) {
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
                message = _target || new $root.elastickv.s3.Manifest();
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
                            if ((value = reader.stringVerify()).length)
                                message.versionId = value;
                            else
                                delete message.versionId;
                            continue;
                        }
                    case 2: {
                            if (wireType !== 0)
                                break;
                            if (typeof (value = reader.uint64()) === "object" ? value.low || value.high : value !== 0)
                                message.size = value;
                            else
                                delete message.size;
                            continue;
                        }
                    case 3: {
                            if (wireType !== 2)
                                break;
                            if ((value = reader.stringVerify()).length)
                                message.etag = value;
                            else
                                delete message.etag;
                            continue;
                        }
                    case 4: {
                            if (wireType !== 0)
                                break;
                            if (typeof (value = reader.uint64()) === "object" ? value.low || value.high : value !== 0)
                                message.modifiedMs = value;
                            else
                                delete message.modifiedMs;
                            continue;
                        }
                    case 5: {
                            if (wireType !== 2)
                                break;
                            message.headers = $root.elastickv.s3.ContentHeaders.decode(reader, reader.size(), $undefined, _depth + 1, message.headers);
                            continue;
                        }
                    case 6: {
                            if (wireType !== 2)
                                break;
                            if (!(message.metadata && message.metadata.length))
                                message.metadata = [];
                            message.metadata.push($root.elastickv.s3.UserMetadata.decode(reader, reader.size(), $undefined, _depth + 1));
                            continue;
                        }
                    case 7: {
                            if (wireType !== 2)
                                break;
                            message.checksum = $root.elastickv.s3.Checksum.decode(reader, reader.size(), $undefined, _depth + 1, message.checksum);
                            continue;
                        }
                    case 8: {
                            if (wireType !== 2)
                                break;
                            if ((value = reader.stringVerify()).length)
                                message.owner = value;
                            else
                                delete message.owner;
                            continue;
                        }
                    case 9: {
                            if (wireType !== 0)
                                break;
                            if (value = reader.int32())
                                message.content = value;
                            else
                                delete message.content;
                            continue;
                        }
                    case 10: {
                            if (wireType !== 2)
                                break;
                            if ((value = reader.bytes()).length)
                                message.attempt = value;
                            else
                                delete message.attempt;
                            continue;
                        }
                    case 11: {
                            if (wireType !== 0)
                                break;
                            if (value = reader.uint32())
                                message.chunkSize = value;
                            else
                                delete message.chunkSize;
                            continue;
                        }
                    case 12: {
                            if (wireType !== 0)
                                break;
                            if (value = reader.uint32())
                                message.partCount = value;
                            else
                                delete message.partCount;
                            continue;
                        }
                    case 13: {
                            if (wireType !== 5)
                                break;
                            if (value = reader.fixed32())
                                message.payloadCrc32 = value;
                            else
                                delete message.payloadCrc32;
                            continue;
                        }
                    case 14: {
                            if (wireType !== 0)
                                break;
                            if (value = reader.int32())
                                message.storageClass = value;
                            else
                                delete message.storageClass;
                            continue;
                        }
                    case 21: {
                            if (wireType !== 2)
                                break;
                            if ((value = reader.bytes()).length)
                                message.ownerId = value;
                            else
                                delete message.ownerId;
                            continue;
                        }
                    case 20: {
                            if (wireType !== 2)
                                break;
                            if ((value = reader.bytes()).length)
                                message.invocation = value;
                            else
                                delete message.invocation;
                            continue;
                        }
                    case 23: {
                            if (wireType !== 2)
                                break;
                            message.lock = $root.elastickv.s3.Lock.decode(reader, reader.size(), $undefined, _depth + 1, message.lock);
                            continue;
                        }
                    case 22: {
                            if (wireType !== 2)
                                break;
                            if ((value = reader.bytes()).length)
                                message.order = value;
                            else
                                delete message.order;
                            continue;
                        }
                    case 30: {
                            if (wireType !== 2)
                                break;
                            if (!(message.tags && message.tags.length))
                                message.tags = [];
                            message.tags.push($root.elastickv.s3.Tag.decode(reader, reader.size(), $undefined, _depth + 1));
                            continue;
                        }
                    case 31: {
                            if (wireType !== 2)
                                break;
                            if ((value = reader.stringVerify()).length)
                                message.redirect = value;
                            else
                                delete message.redirect;
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
             * Content enum.
             * @name elastickv.s3.Manifest.Content
             * @enum {number}
             * @property {number} UNKNOWN=0 UNKNOWN value
             * @property {number} INLINE=1 INLINE value
             * @property {number} CHUNKS=2 CHUNKS value
             * @property {number} PARTS=3 PARTS value
             * @property {number} BLOBS=4 BLOBS value
             * @property {number} MARKER=5 MARKER value
             */
            Manifest.Content = (function() {
                const valuesById = $Object.create(null), values = $Object.create(valuesById);
                values[valuesById[0] = "UNKNOWN"] = 0;
                values[valuesById[1] = "INLINE"] = 1;
                values[valuesById[2] = "CHUNKS"] = 2;
                values[valuesById[3] = "PARTS"] = 3;
                values[valuesById[4] = "BLOBS"] = 4;
                values[valuesById[5] = "MARKER"] = 5;
                return values;
            })();

            return Manifest;
        })();

        /**
         * PartContent enum.
         * @name elastickv.s3.PartContent
         * @enum {number}
         * @property {number} PART_CHUNKS=0 PART_CHUNKS value
         * @property {number} PART_BLOBS=1 PART_BLOBS value
         */
        s3.PartContent = (function() {
            const valuesById = $Object.create(null), values = $Object.create(valuesById);
            values[valuesById[0] = "PART_CHUNKS"] = 0;
            values[valuesById[1] = "PART_BLOBS"] = 1;
            return values;
        })();

        s3.PartTable = (function() {

            /**
             * Properties of a PartTable.
             * @typedef {Object} elastickv.s3.PartTable.$Properties
             * @property {Array.<elastickv.s3.PartRef.$Properties>|null} [parts] PartTable parts
             * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
             */

            /**
             * Properties of a PartTable.
             * @memberof elastickv.s3
             * @interface IPartTable
             * @augments elastickv.s3.PartTable.$Properties
             * @deprecated Use elastickv.s3.PartTable.$Properties instead.
             */

            /**
             * Shape of a PartTable.
             * @typedef {elastickv.s3.PartTable.$Properties} elastickv.s3.PartTable.$Shape
             */

            /**
             * Constructs a new PartTable.
             * @memberof elastickv.s3
             * @classdesc Represents a PartTable.
             * @constructor
             * @param {elastickv.s3.PartTable.$Properties=} [properties] Properties to set
             * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
             */
            const PartTable = function (properties) {
                this.parts = [];
                if (properties)
                    for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                        if (properties[keys[i]] != null && keys[i] !== "__proto__")
                            this[keys[i]] = properties[keys[i]];
            };

            /**
             * PartTable parts.
             * @member {Array.<elastickv.s3.PartRef.$Properties>} parts
             * @memberof elastickv.s3.PartTable
             * @instance
             */
            PartTable.prototype.parts = $util.emptyArray;

            /**
             * Encodes the specified PartTable message. Does not implicitly {@link elastickv.s3.PartTable.verify|verify} messages.
             * @function encode
             * @memberof elastickv.s3.PartTable
             * @static
             * @param {elastickv.s3.PartTable.$Properties} message PartTable message or plain object to encode
             * @param {$protobuf.Writer} [writer] Writer to encode to
             * @returns {$protobuf.Writer} Writer
             */
            PartTable.encode = function (message, writer, _depth) {
                if (!writer)
                    writer = $Writer.create();
                if (_depth === $undefined)
                    _depth = 0;
                if (_depth > $util.recursionLimit)
                    throw $Error("max depth exceeded");
                if (message.parts != null && message.parts.length)
                    for (let i = 0; i < message.parts.length; ++i)
                        $root.elastickv.s3.PartRef.encode(message.parts[i], writer.uint32(/* id 1, wireType 2 =*/10).fork(), _depth + 1).ldelim();
                if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                    for (let i = 0; i < message.$unknowns.length; ++i)
                        writer.raw(message.$unknowns[i]);
                return writer;
            };

            /**
             * Decodes a PartTable message from the specified reader or buffer.
             * @function decode
             * @memberof elastickv.s3.PartTable
             * @static
             * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
             * @param {number} [length] Message length if known beforehand
             * @returns {elastickv.s3.PartTable & elastickv.s3.PartTable.$Shape} PartTable
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            PartTable.decode = function (reader, length, _end, _depth, _target) {
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
                message = _target || new $root.elastickv.s3.PartTable();
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
                            if (!(message.parts && message.parts.length))
                                message.parts = [];
                            message.parts.push($root.elastickv.s3.PartRef.decode(reader, reader.size(), $undefined, _depth + 1));
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

            return PartTable;
        })();

        s3.PartRef = (function() {

            /**
             * Properties of a PartRef.
             * @typedef {Object} elastickv.s3.PartRef.$Properties
             * @property {number|null} [number] PartRef number
             * @property {Uint8Array|null} [attempt] PartRef attempt
             * @property {number|null} [size] PartRef size
             * @property {Uint8Array|null} [checksum] PartRef checksum
             * @property {elastickv.s3.PartContent|null} [content] PartRef content
             * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
             */

            /**
             * Properties of a PartRef.
             * @memberof elastickv.s3
             * @interface IPartRef
             * @augments elastickv.s3.PartRef.$Properties
             * @deprecated Use elastickv.s3.PartRef.$Properties instead.
             */

            /**
             * Shape of a PartRef.
             * @typedef {elastickv.s3.PartRef.$Properties} elastickv.s3.PartRef.$Shape
             */

            /**
             * Constructs a new PartRef.
             * @memberof elastickv.s3
             * @classdesc Represents a PartRef.
             * @constructor
             * @param {elastickv.s3.PartRef.$Properties=} [properties] Properties to set
             * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
             */
            const PartRef = function (properties) {
                if (properties)
                    for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                        if (properties[keys[i]] != null && keys[i] !== "__proto__")
                            this[keys[i]] = properties[keys[i]];
            };

            /**
             * PartRef number.
             * @member {number} number
             * @memberof elastickv.s3.PartRef
             * @instance
             */
            PartRef.prototype.number = 0;

            /**
             * PartRef attempt.
             * @member {Uint8Array} attempt
             * @memberof elastickv.s3.PartRef
             * @instance
             */
            PartRef.prototype.attempt = $util.newBuffer([]);

            /**
             * PartRef size.
             * @member {number} size
             * @memberof elastickv.s3.PartRef
             * @instance
             */
            PartRef.prototype.size = $util.Long ? $util.Long.fromBits(0,0,true) : 0;

            /**
             * PartRef checksum.
             * @member {Uint8Array} checksum
             * @memberof elastickv.s3.PartRef
             * @instance
             */
            PartRef.prototype.checksum = $util.newBuffer([]);

            /**
             * PartRef content.
             * @member {elastickv.s3.PartContent} content
             * @memberof elastickv.s3.PartRef
             * @instance
             */
            PartRef.prototype.content = 0;

            /**
             * Encodes the specified PartRef message. Does not implicitly {@link elastickv.s3.PartRef.verify|verify} messages.
             * @function encode
             * @memberof elastickv.s3.PartRef
             * @static
             * @param {elastickv.s3.PartRef.$Properties} message PartRef message or plain object to encode
             * @param {$protobuf.Writer} [writer] Writer to encode to
             * @returns {$protobuf.Writer} Writer
             */
            PartRef.encode = function (message, writer, _depth) {
                if (!writer)
                    writer = $Writer.create();
                if (_depth === $undefined)
                    _depth = 0;
                if (_depth > $util.recursionLimit)
                    throw $Error("max depth exceeded");
                if (message.number != null && $Object.hasOwnProperty.call(message, "number") && message.number !== 0)
                    writer.uint32(/* id 1, wireType 0 =*/8).uint32(message.number);
                if (message.attempt != null && $Object.hasOwnProperty.call(message, "attempt") && message.attempt.length)
                    writer.uint32(/* id 2, wireType 2 =*/18).bytes(message.attempt);
                if (message.size != null && $Object.hasOwnProperty.call(message, "size") && (typeof message.size === "object" ? message.size.low || message.size.high : message.size !== 0))
                    writer.uint32(/* id 3, wireType 0 =*/24).uint64(message.size);
                if (message.checksum != null && $Object.hasOwnProperty.call(message, "checksum") && message.checksum.length)
                    writer.uint32(/* id 4, wireType 2 =*/34).bytes(message.checksum);
                if (message.content != null && $Object.hasOwnProperty.call(message, "content") && message.content !== 0)
                    writer.uint32(/* id 5, wireType 0 =*/40).int32(message.content);
                if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                    for (let i = 0; i < message.$unknowns.length; ++i)
                        writer.raw(message.$unknowns[i]);
                return writer;
            };

            /**
             * Decodes a PartRef message from the specified reader or buffer.
             * @function decode
             * @memberof elastickv.s3.PartRef
             * @static
             * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
             * @param {number} [length] Message length if known beforehand
             * @returns {elastickv.s3.PartRef & elastickv.s3.PartRef.$Shape} PartRef
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            PartRef.decode = function (reader, length, _end, _depth, _target) {
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
                message = _target || new $root.elastickv.s3.PartRef();
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
                            if (value = reader.uint32())
                                message.number = value;
                            else
                                delete message.number;
                            continue;
                        }
                    case 2: {
                            if (wireType !== 2)
                                break;
                            if ((value = reader.bytes()).length)
                                message.attempt = value;
                            else
                                delete message.attempt;
                            continue;
                        }
                    case 3: {
                            if (wireType !== 0)
                                break;
                            if (typeof (value = reader.uint64()) === "object" ? value.low || value.high : value !== 0)
                                message.size = value;
                            else
                                delete message.size;
                            continue;
                        }
                    case 4: {
                            if (wireType !== 2)
                                break;
                            if ((value = reader.bytes()).length)
                                message.checksum = value;
                            else
                                delete message.checksum;
                            continue;
                        }
                    case 5: {
                            if (wireType !== 0)
                                break;
                            if (value = reader.int32())
                                message.content = value;
                            else
                                delete message.content;
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

            return PartRef;
        })();

        s3.Chunk = (function() {

            /**
             * Properties of a Chunk.
             * @typedef {Object} elastickv.s3.Chunk.$Properties
             * @property {number|null} [crc32] Chunk crc32
             * @property {number|null} [size] Chunk size
             * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
             */

            /**
             * Properties of a Chunk.
             * @memberof elastickv.s3
             * @interface IChunk
             * @augments elastickv.s3.Chunk.$Properties
             * @deprecated Use elastickv.s3.Chunk.$Properties instead.
             */

            /**
             * Shape of a Chunk.
             * @typedef {elastickv.s3.Chunk.$Properties} elastickv.s3.Chunk.$Shape
             */

            /**
             * Constructs a new Chunk.
             * @memberof elastickv.s3
             * @classdesc Represents a Chunk.
             * @constructor
             * @param {elastickv.s3.Chunk.$Properties=} [properties] Properties to set
             * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
             */
            const Chunk = function (properties) {
                if (properties)
                    for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                        if (properties[keys[i]] != null && keys[i] !== "__proto__")
                            this[keys[i]] = properties[keys[i]];
            };

            /**
             * Chunk crc32.
             * @member {number} crc32
             * @memberof elastickv.s3.Chunk
             * @instance
             */
            Chunk.prototype.crc32 = 0;

            /**
             * Chunk size.
             * @member {number} size
             * @memberof elastickv.s3.Chunk
             * @instance
             */
            Chunk.prototype.size = 0;

            /**
             * Encodes the specified Chunk message. Does not implicitly {@link elastickv.s3.Chunk.verify|verify} messages.
             * @function encode
             * @memberof elastickv.s3.Chunk
             * @static
             * @param {elastickv.s3.Chunk.$Properties} message Chunk message or plain object to encode
             * @param {$protobuf.Writer} [writer] Writer to encode to
             * @returns {$protobuf.Writer} Writer
             */
            Chunk.encode = function (message, writer, _depth) {
                if (!writer)
                    writer = $Writer.create();
                if (_depth === $undefined)
                    _depth = 0;
                if (_depth > $util.recursionLimit)
                    throw $Error("max depth exceeded");
                if (message.crc32 != null && $Object.hasOwnProperty.call(message, "crc32") && message.crc32 !== 0)
                    writer.uint32(/* id 1, wireType 5 =*/13).fixed32(message.crc32);
                if (message.size != null && $Object.hasOwnProperty.call(message, "size") && message.size !== 0)
                    writer.uint32(/* id 2, wireType 0 =*/16).uint32(message.size);
                if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                    for (let i = 0; i < message.$unknowns.length; ++i)
                        writer.raw(message.$unknowns[i]);
                return writer;
            };

            /**
             * Decodes a Chunk message from the specified reader or buffer.
             * @function decode
             * @memberof elastickv.s3.Chunk
             * @static
             * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
             * @param {number} [length] Message length if known beforehand
             * @returns {elastickv.s3.Chunk & elastickv.s3.Chunk.$Shape} Chunk
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            Chunk.decode = function (reader, length, _end, _depth, _target) {
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
                message = _target || new $root.elastickv.s3.Chunk();
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
                            if (wireType !== 5)
                                break;
                            if (value = reader.fixed32())
                                message.crc32 = value;
                            else
                                delete message.crc32;
                            continue;
                        }
                    case 2: {
                            if (wireType !== 0)
                                break;
                            if (value = reader.uint32())
                                message.size = value;
                            else
                                delete message.size;
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

            return Chunk;
        })();

        s3.Upload = (function() {

            /**
             * Properties of an Upload.
             * @typedef {Object} elastickv.s3.Upload.$Properties
             * @property {number|null} [initiatedMs] Upload initiatedMs
             * @property {elastickv.s3.ContentHeaders.$Properties|null} [headers] Upload headers
             * @property {Array.<elastickv.s3.UserMetadata.$Properties>|null} [metadata] Upload metadata
             * @property {elastickv.s3.ChecksumAlgorithm|null} [checksumAlgorithm] Upload checksumAlgorithm
             * @property {elastickv.s3.ChecksumType|null} [checksumType] Upload checksumType
             * @property {string|null} [owner] Upload owner
             * @property {number|null} [chunkSize] Upload chunkSize
             * @property {elastickv.s3.StorageClass|null} [storageClass] Upload storageClass
             * @property {Uint8Array|null} [ownerId] Upload ownerId
             * @property {elastickv.s3.Lock.$Properties|null} [lock] Upload lock
             * @property {Array.<elastickv.s3.Tag.$Properties>|null} [tags] Upload tags
             * @property {string|null} [redirect] Upload redirect
             * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
             */

            /**
             * Properties of an Upload.
             * @memberof elastickv.s3
             * @interface IUpload
             * @augments elastickv.s3.Upload.$Properties
             * @deprecated Use elastickv.s3.Upload.$Properties instead.
             */

            /**
             * Shape of an Upload.
             * @typedef {elastickv.s3.Upload.$Properties} elastickv.s3.Upload.$Shape
             */

            /**
             * Constructs a new Upload.
             * @memberof elastickv.s3
             * @classdesc Represents an Upload.
             * @constructor
             * @param {elastickv.s3.Upload.$Properties=} [properties] Properties to set
             * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
             */
            const Upload = function (properties) {
                this.metadata = [];
                this.tags = [];
                if (properties)
                    for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                        if (properties[keys[i]] != null && keys[i] !== "__proto__")
                            this[keys[i]] = properties[keys[i]];
            };

            /**
             * Upload initiatedMs.
             * @member {number} initiatedMs
             * @memberof elastickv.s3.Upload
             * @instance
             */
            Upload.prototype.initiatedMs = $util.Long ? $util.Long.fromBits(0,0,true) : 0;

            /**
             * Upload headers.
             * @member {elastickv.s3.ContentHeaders.$Properties|null|undefined} headers
             * @memberof elastickv.s3.Upload
             * @instance
             */
            Upload.prototype.headers = null;

            /**
             * Upload metadata.
             * @member {Array.<elastickv.s3.UserMetadata.$Properties>} metadata
             * @memberof elastickv.s3.Upload
             * @instance
             */
            Upload.prototype.metadata = $util.emptyArray;

            /**
             * Upload checksumAlgorithm.
             * @member {elastickv.s3.ChecksumAlgorithm} checksumAlgorithm
             * @memberof elastickv.s3.Upload
             * @instance
             */
            Upload.prototype.checksumAlgorithm = 0;

            /**
             * Upload checksumType.
             * @member {elastickv.s3.ChecksumType} checksumType
             * @memberof elastickv.s3.Upload
             * @instance
             */
            Upload.prototype.checksumType = 0;

            /**
             * Upload owner.
             * @member {string} owner
             * @memberof elastickv.s3.Upload
             * @instance
             */
            Upload.prototype.owner = "";

            /**
             * Upload chunkSize.
             * @member {number} chunkSize
             * @memberof elastickv.s3.Upload
             * @instance
             */
            Upload.prototype.chunkSize = 0;

            /**
             * Upload storageClass.
             * @member {elastickv.s3.StorageClass} storageClass
             * @memberof elastickv.s3.Upload
             * @instance
             */
            Upload.prototype.storageClass = 0;

            /**
             * Upload ownerId.
             * @member {Uint8Array} ownerId
             * @memberof elastickv.s3.Upload
             * @instance
             */
            Upload.prototype.ownerId = $util.newBuffer([]);

            /**
             * Upload lock.
             * @member {elastickv.s3.Lock.$Properties|null|undefined} lock
             * @memberof elastickv.s3.Upload
             * @instance
             */
            Upload.prototype.lock = null;

            /**
             * Upload tags.
             * @member {Array.<elastickv.s3.Tag.$Properties>} tags
             * @memberof elastickv.s3.Upload
             * @instance
             */
            Upload.prototype.tags = $util.emptyArray;

            /**
             * Upload redirect.
             * @member {string} redirect
             * @memberof elastickv.s3.Upload
             * @instance
             */
            Upload.prototype.redirect = "";

            /**
             * Encodes the specified Upload message. Does not implicitly {@link elastickv.s3.Upload.verify|verify} messages.
             * @function encode
             * @memberof elastickv.s3.Upload
             * @static
             * @param {elastickv.s3.Upload.$Properties} message Upload message or plain object to encode
             * @param {$protobuf.Writer} [writer] Writer to encode to
             * @returns {$protobuf.Writer} Writer
             */
            Upload.encode = function (message, writer, _depth) {
                if (!writer)
                    writer = $Writer.create();
                if (_depth === $undefined)
                    _depth = 0;
                if (_depth > $util.recursionLimit)
                    throw $Error("max depth exceeded");
                if (message.initiatedMs != null && $Object.hasOwnProperty.call(message, "initiatedMs") && (typeof message.initiatedMs === "object" ? message.initiatedMs.low || message.initiatedMs.high : message.initiatedMs !== 0))
                    writer.uint32(/* id 1, wireType 0 =*/8).uint64(message.initiatedMs);
                if (message.headers != null && $Object.hasOwnProperty.call(message, "headers"))
                    $root.elastickv.s3.ContentHeaders.encode(message.headers, writer.uint32(/* id 2, wireType 2 =*/18).fork(), _depth + 1).ldelim();
                if (message.metadata != null && message.metadata.length)
                    for (let i = 0; i < message.metadata.length; ++i)
                        $root.elastickv.s3.UserMetadata.encode(message.metadata[i], writer.uint32(/* id 3, wireType 2 =*/26).fork(), _depth + 1).ldelim();
                if (message.checksumAlgorithm != null && $Object.hasOwnProperty.call(message, "checksumAlgorithm") && message.checksumAlgorithm !== 0)
                    writer.uint32(/* id 4, wireType 0 =*/32).int32(message.checksumAlgorithm);
                if (message.checksumType != null && $Object.hasOwnProperty.call(message, "checksumType") && message.checksumType !== 0)
                    writer.uint32(/* id 5, wireType 0 =*/40).int32(message.checksumType);
                if (message.owner != null && $Object.hasOwnProperty.call(message, "owner") && message.owner !== "")
                    writer.uint32(/* id 6, wireType 2 =*/50).string(message.owner);
                if (message.chunkSize != null && $Object.hasOwnProperty.call(message, "chunkSize") && message.chunkSize !== 0)
                    writer.uint32(/* id 7, wireType 0 =*/56).uint32(message.chunkSize);
                if (message.storageClass != null && $Object.hasOwnProperty.call(message, "storageClass") && message.storageClass !== 0)
                    writer.uint32(/* id 8, wireType 0 =*/64).int32(message.storageClass);
                if (message.ownerId != null && $Object.hasOwnProperty.call(message, "ownerId") && message.ownerId.length)
                    writer.uint32(/* id 9, wireType 2 =*/74).bytes(message.ownerId);
                if (message.lock != null && $Object.hasOwnProperty.call(message, "lock"))
                    $root.elastickv.s3.Lock.encode(message.lock, writer.uint32(/* id 10, wireType 2 =*/82).fork(), _depth + 1).ldelim();
                if (message.tags != null && message.tags.length)
                    for (let i = 0; i < message.tags.length; ++i)
                        $root.elastickv.s3.Tag.encode(message.tags[i], writer.uint32(/* id 30, wireType 2 =*/242).fork(), _depth + 1).ldelim();
                if (message.redirect != null && $Object.hasOwnProperty.call(message, "redirect") && message.redirect !== "")
                    writer.uint32(/* id 31, wireType 2 =*/250).string(message.redirect);
                if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                    for (let i = 0; i < message.$unknowns.length; ++i)
                        writer.raw(message.$unknowns[i]);
                return writer;
            };

            /**
             * Decodes an Upload message from the specified reader or buffer.
             * @function decode
             * @memberof elastickv.s3.Upload
             * @static
             * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
             * @param {number} [length] Message length if known beforehand
             * @returns {elastickv.s3.Upload & elastickv.s3.Upload.$Shape} Upload
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            Upload.decode = function (reader, length, _end, _depth, _target) {
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
                message = _target || new $root.elastickv.s3.Upload();
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
                                message.initiatedMs = value;
                            else
                                delete message.initiatedMs;
                            continue;
                        }
                    case 2: {
                            if (wireType !== 2)
                                break;
                            message.headers = $root.elastickv.s3.ContentHeaders.decode(reader, reader.size(), $undefined, _depth + 1, message.headers);
                            continue;
                        }
                    case 3: {
                            if (wireType !== 2)
                                break;
                            if (!(message.metadata && message.metadata.length))
                                message.metadata = [];
                            message.metadata.push($root.elastickv.s3.UserMetadata.decode(reader, reader.size(), $undefined, _depth + 1));
                            continue;
                        }
                    case 4: {
                            if (wireType !== 0)
                                break;
                            if (value = reader.int32())
                                message.checksumAlgorithm = value;
                            else
                                delete message.checksumAlgorithm;
                            continue;
                        }
                    case 5: {
                            if (wireType !== 0)
                                break;
                            if (value = reader.int32())
                                message.checksumType = value;
                            else
                                delete message.checksumType;
                            continue;
                        }
                    case 6: {
                            if (wireType !== 2)
                                break;
                            if ((value = reader.stringVerify()).length)
                                message.owner = value;
                            else
                                delete message.owner;
                            continue;
                        }
                    case 7: {
                            if (wireType !== 0)
                                break;
                            if (value = reader.uint32())
                                message.chunkSize = value;
                            else
                                delete message.chunkSize;
                            continue;
                        }
                    case 8: {
                            if (wireType !== 0)
                                break;
                            if (value = reader.int32())
                                message.storageClass = value;
                            else
                                delete message.storageClass;
                            continue;
                        }
                    case 9: {
                            if (wireType !== 2)
                                break;
                            if ((value = reader.bytes()).length)
                                message.ownerId = value;
                            else
                                delete message.ownerId;
                            continue;
                        }
                    case 10: {
                            if (wireType !== 2)
                                break;
                            message.lock = $root.elastickv.s3.Lock.decode(reader, reader.size(), $undefined, _depth + 1, message.lock);
                            continue;
                        }
                    case 30: {
                            if (wireType !== 2)
                                break;
                            if (!(message.tags && message.tags.length))
                                message.tags = [];
                            message.tags.push($root.elastickv.s3.Tag.decode(reader, reader.size(), $undefined, _depth + 1));
                            continue;
                        }
                    case 31: {
                            if (wireType !== 2)
                                break;
                            if ((value = reader.stringVerify()).length)
                                message.redirect = value;
                            else
                                delete message.redirect;
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

            return Upload;
        })();

        s3.Part = (function() {

            /**
             * Properties of a Part.
             * @typedef {Object} elastickv.s3.Part.$Properties
             * @property {Uint8Array|null} [attempt] Part attempt
             * @property {number|null} [size] Part size
             * @property {Uint8Array|null} [md5] Part md5
             * @property {elastickv.s3.Checksum.$Properties|null} [checksum] Part checksum
             * @property {number|null} [modifiedMs] Part modifiedMs
             * @property {elastickv.s3.PartContent|null} [content] Part content
             * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
             */

            /**
             * Properties of a Part.
             * @memberof elastickv.s3
             * @interface IPart
             * @augments elastickv.s3.Part.$Properties
             * @deprecated Use elastickv.s3.Part.$Properties instead.
             */

            /**
             * Shape of a Part.
             * @typedef {elastickv.s3.Part.$Properties} elastickv.s3.Part.$Shape
             */

            /**
             * Constructs a new Part.
             * @memberof elastickv.s3
             * @classdesc Represents a Part.
             * @constructor
             * @param {elastickv.s3.Part.$Properties=} [properties] Properties to set
             * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
             */
            const Part = function (properties) {
                if (properties)
                    for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                        if (properties[keys[i]] != null && keys[i] !== "__proto__")
                            this[keys[i]] = properties[keys[i]];
            };

            /**
             * Part attempt.
             * @member {Uint8Array} attempt
             * @memberof elastickv.s3.Part
             * @instance
             */
            Part.prototype.attempt = $util.newBuffer([]);

            /**
             * Part size.
             * @member {number} size
             * @memberof elastickv.s3.Part
             * @instance
             */
            Part.prototype.size = $util.Long ? $util.Long.fromBits(0,0,true) : 0;

            /**
             * Part md5.
             * @member {Uint8Array} md5
             * @memberof elastickv.s3.Part
             * @instance
             */
            Part.prototype.md5 = $util.newBuffer([]);

            /**
             * Part checksum.
             * @member {elastickv.s3.Checksum.$Properties|null|undefined} checksum
             * @memberof elastickv.s3.Part
             * @instance
             */
            Part.prototype.checksum = null;

            /**
             * Part modifiedMs.
             * @member {number} modifiedMs
             * @memberof elastickv.s3.Part
             * @instance
             */
            Part.prototype.modifiedMs = $util.Long ? $util.Long.fromBits(0,0,true) : 0;

            /**
             * Part content.
             * @member {elastickv.s3.PartContent} content
             * @memberof elastickv.s3.Part
             * @instance
             */
            Part.prototype.content = 0;

            /**
             * Encodes the specified Part message. Does not implicitly {@link elastickv.s3.Part.verify|verify} messages.
             * @function encode
             * @memberof elastickv.s3.Part
             * @static
             * @param {elastickv.s3.Part.$Properties} message Part message or plain object to encode
             * @param {$protobuf.Writer} [writer] Writer to encode to
             * @returns {$protobuf.Writer} Writer
             */
            Part.encode = function (message, writer, _depth) {
                if (!writer)
                    writer = $Writer.create();
                if (_depth === $undefined)
                    _depth = 0;
                if (_depth > $util.recursionLimit)
                    throw $Error("max depth exceeded");
                if (message.attempt != null && $Object.hasOwnProperty.call(message, "attempt") && message.attempt.length)
                    writer.uint32(/* id 1, wireType 2 =*/10).bytes(message.attempt);
                if (message.size != null && $Object.hasOwnProperty.call(message, "size") && (typeof message.size === "object" ? message.size.low || message.size.high : message.size !== 0))
                    writer.uint32(/* id 2, wireType 0 =*/16).uint64(message.size);
                if (message.md5 != null && $Object.hasOwnProperty.call(message, "md5") && message.md5.length)
                    writer.uint32(/* id 3, wireType 2 =*/26).bytes(message.md5);
                if (message.checksum != null && $Object.hasOwnProperty.call(message, "checksum"))
                    $root.elastickv.s3.Checksum.encode(message.checksum, writer.uint32(/* id 4, wireType 2 =*/34).fork(), _depth + 1).ldelim();
                if (message.modifiedMs != null && $Object.hasOwnProperty.call(message, "modifiedMs") && (typeof message.modifiedMs === "object" ? message.modifiedMs.low || message.modifiedMs.high : message.modifiedMs !== 0))
                    writer.uint32(/* id 5, wireType 0 =*/40).uint64(message.modifiedMs);
                if (message.content != null && $Object.hasOwnProperty.call(message, "content") && message.content !== 0)
                    writer.uint32(/* id 6, wireType 0 =*/48).int32(message.content);
                if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                    for (let i = 0; i < message.$unknowns.length; ++i)
                        writer.raw(message.$unknowns[i]);
                return writer;
            };

            /**
             * Decodes a Part message from the specified reader or buffer.
             * @function decode
             * @memberof elastickv.s3.Part
             * @static
             * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
             * @param {number} [length] Message length if known beforehand
             * @returns {elastickv.s3.Part & elastickv.s3.Part.$Shape} Part
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            Part.decode = function (reader, length, _end, _depth, _target) {
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
                message = _target || new $root.elastickv.s3.Part();
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
                                message.attempt = value;
                            else
                                delete message.attempt;
                            continue;
                        }
                    case 2: {
                            if (wireType !== 0)
                                break;
                            if (typeof (value = reader.uint64()) === "object" ? value.low || value.high : value !== 0)
                                message.size = value;
                            else
                                delete message.size;
                            continue;
                        }
                    case 3: {
                            if (wireType !== 2)
                                break;
                            if ((value = reader.bytes()).length)
                                message.md5 = value;
                            else
                                delete message.md5;
                            continue;
                        }
                    case 4: {
                            if (wireType !== 2)
                                break;
                            message.checksum = $root.elastickv.s3.Checksum.decode(reader, reader.size(), $undefined, _depth + 1, message.checksum);
                            continue;
                        }
                    case 5: {
                            if (wireType !== 0)
                                break;
                            if (typeof (value = reader.uint64()) === "object" ? value.low || value.high : value !== 0)
                                message.modifiedMs = value;
                            else
                                delete message.modifiedMs;
                            continue;
                        }
                    case 6: {
                            if (wireType !== 0)
                                break;
                            if (value = reader.int32())
                                message.content = value;
                            else
                                delete message.content;
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

            return Part;
        })();

        s3.PendingWrite = (function() {

            /**
             * Properties of a PendingWrite.
             * @typedef {Object} elastickv.s3.PendingWrite.$Properties
             * @property {Uint8Array|null} [origin] PendingWrite origin
             * @property {number|null} [startedMs] PendingWrite startedMs
             * @property {number|null} [seenMs] PendingWrite seenMs
             * @property {string|null} [node] PendingWrite node
             * @property {string|null} [bucket] PendingWrite bucket
             * @property {string|null} [key] PendingWrite key
             * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
             */

            /**
             * Properties of a PendingWrite.
             * @memberof elastickv.s3
             * @interface IPendingWrite
             * @augments elastickv.s3.PendingWrite.$Properties
             * @deprecated Use elastickv.s3.PendingWrite.$Properties instead.
             */

            /**
             * Shape of a PendingWrite.
             * @typedef {elastickv.s3.PendingWrite.$Properties} elastickv.s3.PendingWrite.$Shape
             */

            /**
             * Constructs a new PendingWrite.
             * @memberof elastickv.s3
             * @classdesc Represents a PendingWrite.
             * @constructor
             * @param {elastickv.s3.PendingWrite.$Properties=} [properties] Properties to set
             * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
             */
            const PendingWrite = function (properties) {
                if (properties)
                    for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                        if (properties[keys[i]] != null && keys[i] !== "__proto__")
                            this[keys[i]] = properties[keys[i]];
            };

            /**
             * PendingWrite origin.
             * @member {Uint8Array} origin
             * @memberof elastickv.s3.PendingWrite
             * @instance
             */
            PendingWrite.prototype.origin = $util.newBuffer([]);

            /**
             * PendingWrite startedMs.
             * @member {number} startedMs
             * @memberof elastickv.s3.PendingWrite
             * @instance
             */
            PendingWrite.prototype.startedMs = $util.Long ? $util.Long.fromBits(0,0,true) : 0;

            /**
             * PendingWrite seenMs.
             * @member {number} seenMs
             * @memberof elastickv.s3.PendingWrite
             * @instance
             */
            PendingWrite.prototype.seenMs = $util.Long ? $util.Long.fromBits(0,0,true) : 0;

            /**
             * PendingWrite node.
             * @member {string} node
             * @memberof elastickv.s3.PendingWrite
             * @instance
             */
            PendingWrite.prototype.node = "";

            /**
             * PendingWrite bucket.
             * @member {string} bucket
             * @memberof elastickv.s3.PendingWrite
             * @instance
             */
            PendingWrite.prototype.bucket = "";

            /**
             * PendingWrite key.
             * @member {string} key
             * @memberof elastickv.s3.PendingWrite
             * @instance
             */
            PendingWrite.prototype.key = "";

            /**
             * Encodes the specified PendingWrite message. Does not implicitly {@link elastickv.s3.PendingWrite.verify|verify} messages.
             * @function encode
             * @memberof elastickv.s3.PendingWrite
             * @static
             * @param {elastickv.s3.PendingWrite.$Properties} message PendingWrite message or plain object to encode
             * @param {$protobuf.Writer} [writer] Writer to encode to
             * @returns {$protobuf.Writer} Writer
             */
            PendingWrite.encode = function (message, writer, _depth) {
                if (!writer)
                    writer = $Writer.create();
                if (_depth === $undefined)
                    _depth = 0;
                if (_depth > $util.recursionLimit)
                    throw $Error("max depth exceeded");
                if (message.origin != null && $Object.hasOwnProperty.call(message, "origin") && message.origin.length)
                    writer.uint32(/* id 1, wireType 2 =*/10).bytes(message.origin);
                if (message.startedMs != null && $Object.hasOwnProperty.call(message, "startedMs") && (typeof message.startedMs === "object" ? message.startedMs.low || message.startedMs.high : message.startedMs !== 0))
                    writer.uint32(/* id 2, wireType 0 =*/16).uint64(message.startedMs);
                if (message.seenMs != null && $Object.hasOwnProperty.call(message, "seenMs") && (typeof message.seenMs === "object" ? message.seenMs.low || message.seenMs.high : message.seenMs !== 0))
                    writer.uint32(/* id 3, wireType 0 =*/24).uint64(message.seenMs);
                if (message.node != null && $Object.hasOwnProperty.call(message, "node") && message.node !== "")
                    writer.uint32(/* id 4, wireType 2 =*/34).string(message.node);
                if (message.bucket != null && $Object.hasOwnProperty.call(message, "bucket") && message.bucket !== "")
                    writer.uint32(/* id 5, wireType 2 =*/42).string(message.bucket);
                if (message.key != null && $Object.hasOwnProperty.call(message, "key") && message.key !== "")
                    writer.uint32(/* id 6, wireType 2 =*/50).string(message.key);
                if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                    for (let i = 0; i < message.$unknowns.length; ++i)
                        writer.raw(message.$unknowns[i]);
                return writer;
            };

            /**
             * Decodes a PendingWrite message from the specified reader or buffer.
             * @function decode
             * @memberof elastickv.s3.PendingWrite
             * @static
             * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
             * @param {number} [length] Message length if known beforehand
             * @returns {elastickv.s3.PendingWrite & elastickv.s3.PendingWrite.$Shape} PendingWrite
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            PendingWrite.decode = function (reader, length, _end, _depth, _target) {
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
                message = _target || new $root.elastickv.s3.PendingWrite();
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
                                message.startedMs = value;
                            else
                                delete message.startedMs;
                            continue;
                        }
                    case 3: {
                            if (wireType !== 0)
                                break;
                            if (typeof (value = reader.uint64()) === "object" ? value.low || value.high : value !== 0)
                                message.seenMs = value;
                            else
                                delete message.seenMs;
                            continue;
                        }
                    case 4: {
                            if (wireType !== 2)
                                break;
                            if ((value = reader.stringVerify()).length)
                                message.node = value;
                            else
                                delete message.node;
                            continue;
                        }
                    case 5: {
                            if (wireType !== 2)
                                break;
                            if ((value = reader.stringVerify()).length)
                                message.bucket = value;
                            else
                                delete message.bucket;
                            continue;
                        }
                    case 6: {
                            if (wireType !== 2)
                                break;
                            if ((value = reader.stringVerify()).length)
                                message.key = value;
                            else
                                delete message.key;
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

            return PendingWrite;
        })();

        return s3;
    })();

    return elastickv;
})();

export {
  $root as default
};
