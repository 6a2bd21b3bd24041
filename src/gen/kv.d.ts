import * as $protobuf from "protobufjs";
import Long = require("long");

/** Namespace elastickv. */
export namespace elastickv {

    /** Namespace kv. */
    namespace kv {

        /**
         * Properties of a Command.
         * @deprecated Use elastickv.kv.Command.$Properties instead.
         */
        interface ICommand extends elastickv.kv.Command.$Properties {
        }

        /** Represents a Command. */
        class Command {

            /**
             * Constructs a new Command.
             * @param [properties] Properties to set
             */
            constructor(properties?: elastickv.kv.Command.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** Command origin. */
            origin: Uint8Array;

            /** Command sequence. */
            sequence: number;

            /** Command acknowledgedBelow. */
            acknowledgedBelow: number;

            /** Command conditions. */
            conditions: elastickv.kv.Condition.$Properties[];

            /** Command mutations. */
            mutations: elastickv.kv.Mutation.$Properties[];

            /**
             * Encodes the specified Command message. Does not implicitly {@link elastickv.kv.Command.verify|verify} messages.
             * @param message Command message or plain object to encode
             * @param [writer] Writer to encode to
             * @returns Writer
             */
            static encode(message: elastickv.kv.Command.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a Command message from the specified reader or buffer.
             * @param reader Reader or buffer to decode from
             * @param [length] Message length if known beforehand
             * @returns {elastickv.kv.Command & elastickv.kv.Command.$Shape} Command
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): elastickv.kv.Command & elastickv.kv.Command.$Shape;
        }

        namespace Command {

            /** Properties of a Command. */
            interface $Properties {

                /** Command origin */
                origin?: (Uint8Array|null);

                /** Command sequence */
                sequence?: (number|null);

                /** Command acknowledgedBelow */
                acknowledgedBelow?: (number|null);

                /** Command conditions */
                conditions?: (elastickv.kv.Condition.$Properties[]|null);

                /** Command mutations */
                mutations?: (elastickv.kv.Mutation.$Properties[]|null);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of a Command. */
            type $Shape = elastickv.kv.Command.$Properties;
        }

        /**
         * Properties of a Condition.
         * @deprecated Use elastickv.kv.Condition.$Properties instead.
         */
        interface ICondition extends elastickv.kv.Condition.$Properties {
        }

        /** Represents a Condition. */
        class Condition {

            /**
             * Constructs a new Condition.
             * @param [properties] Properties to set
             */
            constructor(properties?: elastickv.kv.Condition.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** Condition kind. */
            kind: elastickv.kv.Condition.Kind;

            /** Condition key. */
            key: Uint8Array;

            /** Condition ts. */
            ts: Uint8Array;

            /**
             * Encodes the specified Condition message. Does not implicitly {@link elastickv.kv.Condition.verify|verify} messages.
             * @param message Condition message or plain object to encode
             * @param [writer] Writer to encode to
             * @returns Writer
             */
            static encode(message: elastickv.kv.Condition.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a Condition message from the specified reader or buffer.
             * @param reader Reader or buffer to decode from
             * @param [length] Message length if known beforehand
             * @returns {elastickv.kv.Condition & elastickv.kv.Condition.$Shape} Condition
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): elastickv.kv.Condition & elastickv.kv.Condition.$Shape;
        }

        namespace Condition {

            /** Properties of a Condition. */
            interface $Properties {

                /** Condition kind */
                kind?: (elastickv.kv.Condition.Kind|null);

                /** Condition key */
                key?: (Uint8Array|null);

                /** Condition ts */
                ts?: (Uint8Array|null);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of a Condition. */
            type $Shape = elastickv.kv.Condition.$Properties;

            /** Kind enum. */
            enum Kind {

                /** UNKNOWN value */
                UNKNOWN = 0,

                /** MUST_EXIST value */
                MUST_EXIST = 1,

                /** MUST_NOT_EXIST value */
                MUST_NOT_EXIST = 2,

                /** VERSION_EQUALS value */
                VERSION_EQUALS = 3,

                /** PREFIX_EMPTY value */
                PREFIX_EMPTY = 4,

                /** PREFIX_UNCHANGED value */
                PREFIX_UNCHANGED = 5,

                /** NOT_AFTER value */
                NOT_AFTER = 6,

                /** AFTER value */
                AFTER = 7
            }
        }

        /**
         * Properties of a Mutation.
         * @deprecated Use elastickv.kv.Mutation.$Properties instead.
         */
        interface IMutation extends elastickv.kv.Mutation.$Properties {
        }

        /** Represents a Mutation. */
        class Mutation {

            /**
             * Constructs a new Mutation.
             * @param [properties] Properties to set
             */
            constructor(properties?: elastickv.kv.Mutation.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** Mutation kind. */
            kind: elastickv.kv.Mutation.Kind;

            /** Mutation key. */
            key: Uint8Array;

            /** Mutation value. */
            value: Uint8Array;

            /** Mutation garbage. */
            garbage: Uint8Array;

            /** Mutation payloadLength. */
            payloadLength: number;

            /** Mutation hasPayload. */
            hasPayload: boolean;

            /** Mutation keepContent. */
            keepContent: boolean;

            /** Mutation to. */
            to: Uint8Array;

            /**
             * Encodes the specified Mutation message. Does not implicitly {@link elastickv.kv.Mutation.verify|verify} messages.
             * @param message Mutation message or plain object to encode
             * @param [writer] Writer to encode to
             * @returns Writer
             */
            static encode(message: elastickv.kv.Mutation.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a Mutation message from the specified reader or buffer.
             * @param reader Reader or buffer to decode from
             * @param [length] Message length if known beforehand
             * @returns {elastickv.kv.Mutation & elastickv.kv.Mutation.$Shape} Mutation
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): elastickv.kv.Mutation & elastickv.kv.Mutation.$Shape;
        }

        namespace Mutation {

            /** Properties of a Mutation. */
            interface $Properties {

                /** Mutation kind */
                kind?: (elastickv.kv.Mutation.Kind|null);

                /** Mutation key */
                key?: (Uint8Array|null);

                /** Mutation value */
                value?: (Uint8Array|null);

                /** Mutation garbage */
                garbage?: (Uint8Array|null);

                /** Mutation payloadLength */
                payloadLength?: (number|null);

                /** Mutation hasPayload */
                hasPayload?: (boolean|null);

                /** Mutation keepContent */
                keepContent?: (boolean|null);

                /** Mutation to */
                to?: (Uint8Array|null);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of a Mutation. */
            type $Shape = elastickv.kv.Mutation.$Properties;

            /** Kind enum. */
            enum Kind {

                /** UNKNOWN value */
                UNKNOWN = 0,

                /** PUT value */
                PUT = 1,

                /** DELETE value */
                DELETE = 2,

                /** DELETE_PREFIX value */
                DELETE_PREFIX = 3,

                /** ADD_GARBAGE value */
                ADD_GARBAGE = 4,

                /** ARCHIVE value */
                ARCHIVE = 5,

                /** REFERENCE value */
                REFERENCE = 6,

                /** UNREFERENCE value */
                UNREFERENCE = 7,

                /** SWEEP value */
                SWEEP = 8
            }
        }

        /**
         * Properties of a Garbage.
         * @deprecated Use elastickv.kv.Garbage.$Properties instead.
         */
        interface IGarbage extends elastickv.kv.Garbage.$Properties {
        }

        /** Represents a Garbage. */
        class Garbage {

            /**
             * Constructs a new Garbage.
             * @param [properties] Properties to set
             */
            constructor(properties?: elastickv.kv.Garbage.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** Garbage prefixes. */
            prefixes: Uint8Array[];

            /** Garbage items. */
            items: elastickv.kv.GarbageItem.$Properties[];

            /**
             * Encodes the specified Garbage message. Does not implicitly {@link elastickv.kv.Garbage.verify|verify} messages.
             * @param message Garbage message or plain object to encode
             * @param [writer] Writer to encode to
             * @returns Writer
             */
            static encode(message: elastickv.kv.Garbage.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a Garbage message from the specified reader or buffer.
             * @param reader Reader or buffer to decode from
             * @param [length] Message length if known beforehand
             * @returns {elastickv.kv.Garbage & elastickv.kv.Garbage.$Shape} Garbage
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): elastickv.kv.Garbage & elastickv.kv.Garbage.$Shape;
        }

        namespace Garbage {

            /** Properties of a Garbage. */
            interface $Properties {

                /** Garbage prefixes */
                prefixes?: (Uint8Array[]|null);

                /** Garbage items */
                items?: (elastickv.kv.GarbageItem.$Properties[]|null);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of a Garbage. */
            type $Shape = elastickv.kv.Garbage.$Properties;
        }

        /**
         * Properties of a GarbageItem.
         * @deprecated Use elastickv.kv.GarbageItem.$Properties instead.
         */
        interface IGarbageItem extends elastickv.kv.GarbageItem.$Properties {
        }

        /** Represents a GarbageItem. */
        class GarbageItem {

            /**
             * Constructs a new GarbageItem.
             * @param [properties] Properties to set
             */
            constructor(properties?: elastickv.kv.GarbageItem.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** GarbageItem kind. */
            kind: elastickv.kv.GarbageItem.Kind;

            /** GarbageItem prefix. */
            prefix: Uint8Array;

            /**
             * Encodes the specified GarbageItem message. Does not implicitly {@link elastickv.kv.GarbageItem.verify|verify} messages.
             * @param message GarbageItem message or plain object to encode
             * @param [writer] Writer to encode to
             * @returns Writer
             */
            static encode(message: elastickv.kv.GarbageItem.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a GarbageItem message from the specified reader or buffer.
             * @param reader Reader or buffer to decode from
             * @param [length] Message length if known beforehand
             * @returns {elastickv.kv.GarbageItem & elastickv.kv.GarbageItem.$Shape} GarbageItem
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): elastickv.kv.GarbageItem & elastickv.kv.GarbageItem.$Shape;
        }

        namespace GarbageItem {

            /** Properties of a GarbageItem. */
            interface $Properties {

                /** GarbageItem kind */
                kind?: (elastickv.kv.GarbageItem.Kind|null);

                /** GarbageItem prefix */
                prefix?: (Uint8Array|null);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of a GarbageItem. */
            type $Shape = elastickv.kv.GarbageItem.$Properties;

            /** Kind enum. */
            enum Kind {

                /** UNKNOWN value */
                UNKNOWN = 0,

                /** PREFIX value */
                PREFIX = 1,

                /** REFERENCES value */
                REFERENCES = 2
            }
        }

        /**
         * Properties of a Session.
         * @deprecated Use elastickv.kv.Session.$Properties instead.
         */
        interface ISession extends elastickv.kv.Session.$Properties {
        }

        /** Represents a Session. */
        class Session {

            /**
             * Constructs a new Session.
             * @param [properties] Properties to set
             */
            constructor(properties?: elastickv.kv.Session.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** Session acknowledgedBelow. */
            acknowledgedBelow: number;

            /** Session answers. */
            answers: Uint8Array;

            /** Session lastCommitTs. */
            lastCommitTs: Uint8Array;

            /**
             * Encodes the specified Session message. Does not implicitly {@link elastickv.kv.Session.verify|verify} messages.
             * @param message Session message or plain object to encode
             * @param [writer] Writer to encode to
             * @returns Writer
             */
            static encode(message: elastickv.kv.Session.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a Session message from the specified reader or buffer.
             * @param reader Reader or buffer to decode from
             * @param [length] Message length if known beforehand
             * @returns {elastickv.kv.Session & elastickv.kv.Session.$Shape} Session
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): elastickv.kv.Session & elastickv.kv.Session.$Shape;
        }

        namespace Session {

            /** Properties of a Session. */
            interface $Properties {

                /** Session acknowledgedBelow */
                acknowledgedBelow?: (number|null);

                /** Session answers */
                answers?: (Uint8Array|null);

                /** Session lastCommitTs */
                lastCommitTs?: (Uint8Array|null);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of a Session. */
            type $Shape = elastickv.kv.Session.$Properties;
        }

        /**
         * Properties of a SessionIndex.
         * @deprecated Use elastickv.kv.SessionIndex.$Properties instead.
         */
        interface ISessionIndex extends elastickv.kv.SessionIndex.$Properties {
        }

        /** Represents a SessionIndex. */
        class SessionIndex {

            /**
             * Constructs a new SessionIndex.
             * @param [properties] Properties to set
             */
            constructor(properties?: elastickv.kv.SessionIndex.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** SessionIndex origins. */
            origins: Uint8Array[];

            /**
             * Encodes the specified SessionIndex message. Does not implicitly {@link elastickv.kv.SessionIndex.verify|verify} messages.
             * @param message SessionIndex message or plain object to encode
             * @param [writer] Writer to encode to
             * @returns Writer
             */
            static encode(message: elastickv.kv.SessionIndex.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a SessionIndex message from the specified reader or buffer.
             * @param reader Reader or buffer to decode from
             * @param [length] Message length if known beforehand
             * @returns {elastickv.kv.SessionIndex & elastickv.kv.SessionIndex.$Shape} SessionIndex
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): elastickv.kv.SessionIndex & elastickv.kv.SessionIndex.$Shape;
        }

        namespace SessionIndex {

            /** Properties of a SessionIndex. */
            interface $Properties {

                /** SessionIndex origins */
                origins?: (Uint8Array[]|null);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of a SessionIndex. */
            type $Shape = elastickv.kv.SessionIndex.$Properties;
        }
    }
}
