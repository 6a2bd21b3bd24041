import * as $protobuf from "protobufjs";
import Long = require("long");

/** Namespace elastickv. */
export namespace elastickv {

    /** Namespace raft. */
    namespace raft {

        /** EntryType enum. */
        enum EntryType {

            /** ENTRY_NORMAL value */
            ENTRY_NORMAL = 0,

            /** ENTRY_CONF_CHANGE value */
            ENTRY_CONF_CHANGE = 1,

            /** ENTRY_CONF_CHANGE_V2 value */
            ENTRY_CONF_CHANGE_V2 = 2
        }

        /**
         * Properties of an Entry.
         * @deprecated Use elastickv.raft.Entry.$Properties instead.
         */
        interface IEntry extends elastickv.raft.Entry.$Properties {
        }

        /** Represents an Entry. */
        class Entry {

            /**
             * Constructs a new Entry.
             * @param [properties] Properties to set
             */
            constructor(properties?: elastickv.raft.Entry.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** Entry type. */
            type: elastickv.raft.EntryType;

            /** Entry term. */
            term: number;

            /** Entry index. */
            index: number;

            /** Entry data. */
            data: Uint8Array;

            /**
             * Encodes the specified Entry message. Does not implicitly {@link elastickv.raft.Entry.verify|verify} messages.
             * @param message Entry message or plain object to encode
             * @param [writer] Writer to encode to
             * @returns Writer
             */
            static encode(message: elastickv.raft.Entry.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes an Entry message from the specified reader or buffer.
             * @param reader Reader or buffer to decode from
             * @param [length] Message length if known beforehand
             * @returns {elastickv.raft.Entry & elastickv.raft.Entry.$Shape} Entry
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): elastickv.raft.Entry & elastickv.raft.Entry.$Shape;
        }

        namespace Entry {

            /** Properties of an Entry. */
            interface $Properties {

                /** Entry type */
                type?: (elastickv.raft.EntryType|null);

                /** Entry term */
                term?: (number|null);

                /** Entry index */
                index?: (number|null);

                /** Entry data */
                data?: (Uint8Array|null);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of an Entry. */
            type $Shape = elastickv.raft.Entry.$Properties;
        }

        /**
         * Properties of a HardState.
         * @deprecated Use elastickv.raft.HardState.$Properties instead.
         */
        interface IHardState extends elastickv.raft.HardState.$Properties {
        }

        /** Represents a HardState. */
        class HardState {

            /**
             * Constructs a new HardState.
             * @param [properties] Properties to set
             */
            constructor(properties?: elastickv.raft.HardState.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** HardState term. */
            term: number;

            /** HardState vote. */
            vote: number;

            /** HardState commit. */
            commit: number;

            /**
             * Encodes the specified HardState message. Does not implicitly {@link elastickv.raft.HardState.verify|verify} messages.
             * @param message HardState message or plain object to encode
             * @param [writer] Writer to encode to
             * @returns Writer
             */
            static encode(message: elastickv.raft.HardState.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a HardState message from the specified reader or buffer.
             * @param reader Reader or buffer to decode from
             * @param [length] Message length if known beforehand
             * @returns {elastickv.raft.HardState & elastickv.raft.HardState.$Shape} HardState
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): elastickv.raft.HardState & elastickv.raft.HardState.$Shape;
        }

        namespace HardState {

            /** Properties of a HardState. */
            interface $Properties {

                /** HardState term */
                term?: (number|null);

                /** HardState vote */
                vote?: (number|null);

                /** HardState commit */
                commit?: (number|null);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of a HardState. */
            type $Shape = elastickv.raft.HardState.$Properties;
        }

        /**
         * Properties of a ConfState.
         * @deprecated Use elastickv.raft.ConfState.$Properties instead.
         */
        interface IConfState extends elastickv.raft.ConfState.$Properties {
        }

        /** Represents a ConfState. */
        class ConfState {

            /**
             * Constructs a new ConfState.
             * @param [properties] Properties to set
             */
            constructor(properties?: elastickv.raft.ConfState.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** ConfState voters. */
            voters: number[];

            /** ConfState learners. */
            learners: number[];

            /** ConfState votersOutgoing. */
            votersOutgoing: number[];

            /** ConfState learnersNext. */
            learnersNext: number[];

            /** ConfState autoLeave. */
            autoLeave: boolean;

            /**
             * Encodes the specified ConfState message. Does not implicitly {@link elastickv.raft.ConfState.verify|verify} messages.
             * @param message ConfState message or plain object to encode
             * @param [writer] Writer to encode to
             * @returns Writer
             */
            static encode(message: elastickv.raft.ConfState.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a ConfState message from the specified reader or buffer.
             * @param reader Reader or buffer to decode from
             * @param [length] Message length if known beforehand
             * @returns {elastickv.raft.ConfState & elastickv.raft.ConfState.$Shape} ConfState
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): elastickv.raft.ConfState & elastickv.raft.ConfState.$Shape;
        }

        namespace ConfState {

            /** Properties of a ConfState. */
            interface $Properties {

                /** ConfState voters */
                voters?: (number[]|null);

                /** ConfState learners */
                learners?: (number[]|null);

                /** ConfState votersOutgoing */
                votersOutgoing?: (number[]|null);

                /** ConfState learnersNext */
                learnersNext?: (number[]|null);

                /** ConfState autoLeave */
                autoLeave?: (boolean|null);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of a ConfState. */
            type $Shape = elastickv.raft.ConfState.$Properties;
        }

        /**
         * Properties of a SnapshotMetadata.
         * @deprecated Use elastickv.raft.SnapshotMetadata.$Properties instead.
         */
        interface ISnapshotMetadata extends elastickv.raft.SnapshotMetadata.$Properties {
        }

        /** Represents a SnapshotMetadata. */
        class SnapshotMetadata {

            /**
             * Constructs a new SnapshotMetadata.
             * @param [properties] Properties to set
             */
            constructor(properties?: elastickv.raft.SnapshotMetadata.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** SnapshotMetadata confState. */
            confState?: (elastickv.raft.ConfState.$Properties|null);

            /** SnapshotMetadata index. */
            index: number;

            /** SnapshotMetadata term. */
            term: number;

            /**
             * Encodes the specified SnapshotMetadata message. Does not implicitly {@link elastickv.raft.SnapshotMetadata.verify|verify} messages.
             * @param message SnapshotMetadata message or plain object to encode
             * @param [writer] Writer to encode to
             * @returns Writer
             */
            static encode(message: elastickv.raft.SnapshotMetadata.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a SnapshotMetadata message from the specified reader or buffer.
             * @param reader Reader or buffer to decode from
             * @param [length] Message length if known beforehand
             * @returns {elastickv.raft.SnapshotMetadata & elastickv.raft.SnapshotMetadata.$Shape} SnapshotMetadata
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): elastickv.raft.SnapshotMetadata & elastickv.raft.SnapshotMetadata.$Shape;
        }

        namespace SnapshotMetadata {

            /** Properties of a SnapshotMetadata. */
            interface $Properties {

                /** SnapshotMetadata confState */
                confState?: (elastickv.raft.ConfState.$Properties|null);

                /** SnapshotMetadata index */
                index?: (number|null);

                /** SnapshotMetadata term */
                term?: (number|null);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of a SnapshotMetadata. */
            type $Shape = elastickv.raft.SnapshotMetadata.$Properties;
        }

        /**
         * Properties of a Snapshot.
         * @deprecated Use elastickv.raft.Snapshot.$Properties instead.
         */
        interface ISnapshot extends elastickv.raft.Snapshot.$Properties {
        }

        /** Represents a Snapshot. */
        class Snapshot {

            /**
             * Constructs a new Snapshot.
             * @param [properties] Properties to set
             */
            constructor(properties?: elastickv.raft.Snapshot.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** Snapshot data. */
            data: Uint8Array;

            /** Snapshot metadata. */
            metadata?: (elastickv.raft.SnapshotMetadata.$Properties|null);

            /**
             * Encodes the specified Snapshot message. Does not implicitly {@link elastickv.raft.Snapshot.verify|verify} messages.
             * @param message Snapshot message or plain object to encode
             * @param [writer] Writer to encode to
             * @returns Writer
             */
            static encode(message: elastickv.raft.Snapshot.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a Snapshot message from the specified reader or buffer.
             * @param reader Reader or buffer to decode from
             * @param [length] Message length if known beforehand
             * @returns {elastickv.raft.Snapshot & elastickv.raft.Snapshot.$Shape} Snapshot
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): elastickv.raft.Snapshot & elastickv.raft.Snapshot.$Shape;
        }

        namespace Snapshot {

            /** Properties of a Snapshot. */
            interface $Properties {

                /** Snapshot data */
                data?: (Uint8Array|null);

                /** Snapshot metadata */
                metadata?: (elastickv.raft.SnapshotMetadata.$Properties|null);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of a Snapshot. */
            type $Shape = elastickv.raft.Snapshot.$Properties;
        }

        /** MessageType enum. */
        enum MessageType {

            /** MSG_HUP value */
            MSG_HUP = 0,

            /** MSG_BEAT value */
            MSG_BEAT = 1,

            /** MSG_PROP value */
            MSG_PROP = 2,

            /** MSG_APP value */
            MSG_APP = 3,

            /** MSG_APP_RESP value */
            MSG_APP_RESP = 4,

            /** MSG_VOTE value */
            MSG_VOTE = 5,

            /** MSG_VOTE_RESP value */
            MSG_VOTE_RESP = 6,

            /** MSG_SNAP value */
            MSG_SNAP = 7,

            /** MSG_HEARTBEAT value */
            MSG_HEARTBEAT = 8,

            /** MSG_HEARTBEAT_RESP value */
            MSG_HEARTBEAT_RESP = 9,

            /** MSG_UNREACHABLE value */
            MSG_UNREACHABLE = 10,

            /** MSG_SNAP_STATUS value */
            MSG_SNAP_STATUS = 11,

            /** MSG_CHECK_QUORUM value */
            MSG_CHECK_QUORUM = 12,

            /** MSG_TRANSFER_LEADER value */
            MSG_TRANSFER_LEADER = 13,

            /** MSG_TIMEOUT_NOW value */
            MSG_TIMEOUT_NOW = 14,

            /** MSG_READ_INDEX value */
            MSG_READ_INDEX = 15,

            /** MSG_READ_INDEX_RESP value */
            MSG_READ_INDEX_RESP = 16,

            /** MSG_PRE_VOTE value */
            MSG_PRE_VOTE = 17,

            /** MSG_PRE_VOTE_RESP value */
            MSG_PRE_VOTE_RESP = 18,

            /** MSG_STORAGE_APPEND value */
            MSG_STORAGE_APPEND = 19,

            /** MSG_STORAGE_APPEND_RESP value */
            MSG_STORAGE_APPEND_RESP = 20,

            /** MSG_STORAGE_APPLY value */
            MSG_STORAGE_APPLY = 21,

            /** MSG_STORAGE_APPLY_RESP value */
            MSG_STORAGE_APPLY_RESP = 22,

            /** MSG_FORGET_LEADER value */
            MSG_FORGET_LEADER = 23
        }

        /**
         * Properties of a Message.
         * @deprecated Use elastickv.raft.Message.$Properties instead.
         */
        interface IMessage extends elastickv.raft.Message.$Properties {
        }

        /** Represents a Message. */
        class Message {

            /**
             * Constructs a new Message.
             * @param [properties] Properties to set
             */
            constructor(properties?: elastickv.raft.Message.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** Message type. */
            type: elastickv.raft.MessageType;

            /** Message to. */
            to: number;

            /** Message from. */
            from: number;

            /** Message term. */
            term: number;

            /** Message logTerm. */
            logTerm: number;

            /** Message index. */
            index: number;

            /** Message entries. */
            entries: elastickv.raft.Entry.$Properties[];

            /** Message commit. */
            commit: number;

            /** Message snapshot. */
            snapshot?: (elastickv.raft.Snapshot.$Properties|null);

            /** Message reject. */
            reject: boolean;

            /** Message rejectHint. */
            rejectHint: number;

            /** Message context. */
            context: Uint8Array;

            /**
             * Encodes the specified Message message. Does not implicitly {@link elastickv.raft.Message.verify|verify} messages.
             * @param message Message message or plain object to encode
             * @param [writer] Writer to encode to
             * @returns Writer
             */
            static encode(message: elastickv.raft.Message.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a Message message from the specified reader or buffer.
             * @param reader Reader or buffer to decode from
             * @param [length] Message length if known beforehand
             * @returns {elastickv.raft.Message & elastickv.raft.Message.$Shape} Message
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): elastickv.raft.Message & elastickv.raft.Message.$Shape;
        }

        namespace Message {

            /** Properties of a Message. */
            interface $Properties {

                /** Message type */
                type?: (elastickv.raft.MessageType|null);

                /** Message to */
                to?: (number|null);

                /** Message from */
                from?: (number|null);

                /** Message term */
                term?: (number|null);

                /** Message logTerm */
                logTerm?: (number|null);

                /** Message index */
                index?: (number|null);

                /** Message entries */
                entries?: (elastickv.raft.Entry.$Properties[]|null);

                /** Message commit */
                commit?: (number|null);

                /** Message snapshot */
                snapshot?: (elastickv.raft.Snapshot.$Properties|null);

                /** Message reject */
                reject?: (boolean|null);

                /** Message rejectHint */
                rejectHint?: (number|null);

                /** Message context */
                context?: (Uint8Array|null);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of a Message. */
            type $Shape = elastickv.raft.Message.$Properties;
        }

        /** ConfChangeType enum. */
        enum ConfChangeType {

            /** CONF_CHANGE_ADD_NODE value */
            CONF_CHANGE_ADD_NODE = 0,

            /** CONF_CHANGE_REMOVE_NODE value */
            CONF_CHANGE_REMOVE_NODE = 1,

            /** CONF_CHANGE_UPDATE_NODE value */
            CONF_CHANGE_UPDATE_NODE = 2,

            /** CONF_CHANGE_ADD_LEARNER_NODE value */
            CONF_CHANGE_ADD_LEARNER_NODE = 3
        }

        /** ConfChangeTransition enum. */
        enum ConfChangeTransition {

            /** CONF_CHANGE_TRANSITION_AUTO value */
            CONF_CHANGE_TRANSITION_AUTO = 0,

            /** CONF_CHANGE_TRANSITION_JOINT_IMPLICIT value */
            CONF_CHANGE_TRANSITION_JOINT_IMPLICIT = 1,

            /** CONF_CHANGE_TRANSITION_JOINT_EXPLICIT value */
            CONF_CHANGE_TRANSITION_JOINT_EXPLICIT = 2
        }

        /**
         * Properties of a ConfChange.
         * @deprecated Use elastickv.raft.ConfChange.$Properties instead.
         */
        interface IConfChange extends elastickv.raft.ConfChange.$Properties {
        }

        /** Represents a ConfChange. */
        class ConfChange {

            /**
             * Constructs a new ConfChange.
             * @param [properties] Properties to set
             */
            constructor(properties?: elastickv.raft.ConfChange.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** ConfChange id. */
            id: number;

            /** ConfChange type. */
            type: elastickv.raft.ConfChangeType;

            /** ConfChange nodeId. */
            nodeId: number;

            /** ConfChange context. */
            context: Uint8Array;

            /**
             * Encodes the specified ConfChange message. Does not implicitly {@link elastickv.raft.ConfChange.verify|verify} messages.
             * @param message ConfChange message or plain object to encode
             * @param [writer] Writer to encode to
             * @returns Writer
             */
            static encode(message: elastickv.raft.ConfChange.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a ConfChange message from the specified reader or buffer.
             * @param reader Reader or buffer to decode from
             * @param [length] Message length if known beforehand
             * @returns {elastickv.raft.ConfChange & elastickv.raft.ConfChange.$Shape} ConfChange
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): elastickv.raft.ConfChange & elastickv.raft.ConfChange.$Shape;
        }

        namespace ConfChange {

            /** Properties of a ConfChange. */
            interface $Properties {

                /** ConfChange id */
                id?: (number|null);

                /** ConfChange type */
                type?: (elastickv.raft.ConfChangeType|null);

                /** ConfChange nodeId */
                nodeId?: (number|null);

                /** ConfChange context */
                context?: (Uint8Array|null);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of a ConfChange. */
            type $Shape = elastickv.raft.ConfChange.$Properties;
        }

        /**
         * Properties of a ConfChangeSingle.
         * @deprecated Use elastickv.raft.ConfChangeSingle.$Properties instead.
         */
        interface IConfChangeSingle extends elastickv.raft.ConfChangeSingle.$Properties {
        }

        /** Represents a ConfChangeSingle. */
        class ConfChangeSingle {

            /**
             * Constructs a new ConfChangeSingle.
             * @param [properties] Properties to set
             */
            constructor(properties?: elastickv.raft.ConfChangeSingle.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** ConfChangeSingle type. */
            type: elastickv.raft.ConfChangeType;

            /** ConfChangeSingle nodeId. */
            nodeId: number;

            /**
             * Encodes the specified ConfChangeSingle message. Does not implicitly {@link elastickv.raft.ConfChangeSingle.verify|verify} messages.
             * @param message ConfChangeSingle message or plain object to encode
             * @param [writer] Writer to encode to
             * @returns Writer
             */
            static encode(message: elastickv.raft.ConfChangeSingle.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a ConfChangeSingle message from the specified reader or buffer.
             * @param reader Reader or buffer to decode from
             * @param [length] Message length if known beforehand
             * @returns {elastickv.raft.ConfChangeSingle & elastickv.raft.ConfChangeSingle.$Shape} ConfChangeSingle
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): elastickv.raft.ConfChangeSingle & elastickv.raft.ConfChangeSingle.$Shape;
        }

        namespace ConfChangeSingle {

            /** Properties of a ConfChangeSingle. */
            interface $Properties {

                /** ConfChangeSingle type */
                type?: (elastickv.raft.ConfChangeType|null);

                /** ConfChangeSingle nodeId */
                nodeId?: (number|null);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of a ConfChangeSingle. */
            type $Shape = elastickv.raft.ConfChangeSingle.$Properties;
        }

        /**
         * Properties of a ConfChangeV2.
         * @deprecated Use elastickv.raft.ConfChangeV2.$Properties instead.
         */
        interface IConfChangeV2 extends elastickv.raft.ConfChangeV2.$Properties {
        }

        /** Represents a ConfChangeV2. */
        class ConfChangeV2 {

            /**
             * Constructs a new ConfChangeV2.
             * @param [properties] Properties to set
             */
            constructor(properties?: elastickv.raft.ConfChangeV2.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** ConfChangeV2 transition. */
            transition: elastickv.raft.ConfChangeTransition;

            /** ConfChangeV2 changes. */
            changes: elastickv.raft.ConfChangeSingle.$Properties[];

            /** ConfChangeV2 context. */
            context: Uint8Array;

            /**
             * Encodes the specified ConfChangeV2 message. Does not implicitly {@link elastickv.raft.ConfChangeV2.verify|verify} messages.
             * @param message ConfChangeV2 message or plain object to encode
             * @param [writer] Writer to encode to
             * @returns Writer
             */
            static encode(message: elastickv.raft.ConfChangeV2.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a ConfChangeV2 message from the specified reader or buffer.
             * @param reader Reader or buffer to decode from
             * @param [length] Message length if known beforehand
             * @returns {elastickv.raft.ConfChangeV2 & elastickv.raft.ConfChangeV2.$Shape} ConfChangeV2
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): elastickv.raft.ConfChangeV2 & elastickv.raft.ConfChangeV2.$Shape;
        }

        namespace ConfChangeV2 {

            /** Properties of a ConfChangeV2. */
            interface $Properties {

                /** ConfChangeV2 transition */
                transition?: (elastickv.raft.ConfChangeTransition|null);

                /** ConfChangeV2 changes */
                changes?: (elastickv.raft.ConfChangeSingle.$Properties[]|null);

                /** ConfChangeV2 context */
                context?: (Uint8Array|null);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of a ConfChangeV2. */
            type $Shape = elastickv.raft.ConfChangeV2.$Properties;
        }

        /**
         * Properties of a Member.
         * @deprecated Use elastickv.raft.Member.$Properties instead.
         */
        interface IMember extends elastickv.raft.Member.$Properties {
        }

        /** Represents a Member. */
        class Member {

            /**
             * Constructs a new Member.
             * @param [properties] Properties to set
             */
            constructor(properties?: elastickv.raft.Member.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** Member id. */
            id: number;

            /** Member name. */
            name: string;

            /** Member address. */
            address: string;

            /** Member instance. */
            instance: string;

            /**
             * Encodes the specified Member message. Does not implicitly {@link elastickv.raft.Member.verify|verify} messages.
             * @param message Member message or plain object to encode
             * @param [writer] Writer to encode to
             * @returns Writer
             */
            static encode(message: elastickv.raft.Member.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a Member message from the specified reader or buffer.
             * @param reader Reader or buffer to decode from
             * @param [length] Message length if known beforehand
             * @returns {elastickv.raft.Member & elastickv.raft.Member.$Shape} Member
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): elastickv.raft.Member & elastickv.raft.Member.$Shape;
        }

        namespace Member {

            /** Properties of a Member. */
            interface $Properties {

                /** Member id */
                id?: (number|null);

                /** Member name */
                name?: (string|null);

                /** Member address */
                address?: (string|null);

                /** Member instance */
                instance?: (string|null);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of a Member. */
            type $Shape = elastickv.raft.Member.$Properties;
        }

        /**
         * Properties of a Membership.
         * @deprecated Use elastickv.raft.Membership.$Properties instead.
         */
        interface IMembership extends elastickv.raft.Membership.$Properties {
        }

        /** Represents a Membership. */
        class Membership {

            /**
             * Constructs a new Membership.
             * @param [properties] Properties to set
             */
            constructor(properties?: elastickv.raft.Membership.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** Membership index. */
            index: number;

            /** Membership confState. */
            confState?: (elastickv.raft.ConfState.$Properties|null);

            /** Membership members. */
            members: elastickv.raft.Member.$Properties[];

            /** Membership removed. */
            removed: elastickv.raft.Member.$Properties[];

            /**
             * Encodes the specified Membership message. Does not implicitly {@link elastickv.raft.Membership.verify|verify} messages.
             * @param message Membership message or plain object to encode
             * @param [writer] Writer to encode to
             * @returns Writer
             */
            static encode(message: elastickv.raft.Membership.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a Membership message from the specified reader or buffer.
             * @param reader Reader or buffer to decode from
             * @param [length] Message length if known beforehand
             * @returns {elastickv.raft.Membership & elastickv.raft.Membership.$Shape} Membership
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): elastickv.raft.Membership & elastickv.raft.Membership.$Shape;
        }

        namespace Membership {

            /** Properties of a Membership. */
            interface $Properties {

                /** Membership index */
                index?: (number|null);

                /** Membership confState */
                confState?: (elastickv.raft.ConfState.$Properties|null);

                /** Membership members */
                members?: (elastickv.raft.Member.$Properties[]|null);

                /** Membership removed */
                removed?: (elastickv.raft.Member.$Properties[]|null);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of a Membership. */
            type $Shape = elastickv.raft.Membership.$Properties;
        }

        /**
         * Properties of a MembershipChange.
         * @deprecated Use elastickv.raft.MembershipChange.$Properties instead.
         */
        interface IMembershipChange extends elastickv.raft.MembershipChange.$Properties {
        }

        /** Represents a MembershipChange. */
        class MembershipChange {

            /**
             * Constructs a new MembershipChange.
             * @param [properties] Properties to set
             */
            constructor(properties?: elastickv.raft.MembershipChange.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** MembershipChange guardIndex. */
            guardIndex: number;

            /** MembershipChange upserts. */
            upserts: elastickv.raft.Member.$Properties[];

            /**
             * Encodes the specified MembershipChange message. Does not implicitly {@link elastickv.raft.MembershipChange.verify|verify} messages.
             * @param message MembershipChange message or plain object to encode
             * @param [writer] Writer to encode to
             * @returns Writer
             */
            static encode(message: elastickv.raft.MembershipChange.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a MembershipChange message from the specified reader or buffer.
             * @param reader Reader or buffer to decode from
             * @param [length] Message length if known beforehand
             * @returns {elastickv.raft.MembershipChange & elastickv.raft.MembershipChange.$Shape} MembershipChange
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): elastickv.raft.MembershipChange & elastickv.raft.MembershipChange.$Shape;
        }

        namespace MembershipChange {

            /** Properties of a MembershipChange. */
            interface $Properties {

                /** MembershipChange guardIndex */
                guardIndex?: (number|null);

                /** MembershipChange upserts */
                upserts?: (elastickv.raft.Member.$Properties[]|null);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of a MembershipChange. */
            type $Shape = elastickv.raft.MembershipChange.$Properties;
        }
    }
}
