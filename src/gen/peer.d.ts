import * as $protobuf from "protobufjs";
import Long = require("long");

/** Namespace elastickv. */
export namespace elastickv {

    /** Namespace peer. */
    namespace peer {

        /**
         * Properties of a Hello.
         * @deprecated Use elastickv.peer.Hello.$Properties instead.
         */
        interface IHello extends elastickv.peer.Hello.$Properties {
        }

        /** Represents a Hello. */
        class Hello {

            /**
             * Constructs a new Hello.
             * @param [properties] Properties to set
             */
            constructor(properties?: elastickv.peer.Hello.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** Hello clusterId. */
            clusterId: string;

            /** Hello id. */
            id: number;

            /** Hello name. */
            name: string;

            /** Hello instance. */
            instance: string;

            /** Hello protocol. */
            protocol: number;

            /** Hello version. */
            version: string;

            /** Hello capabilities. */
            capabilities: string[];

            /** Hello address. */
            address: string;

            /** Hello lane. */
            lane: number;

            /** Hello maxFrameBytes. */
            maxFrameBytes: number;

            /** Hello boot. */
            boot: string;

            /** Hello lastIncarnationOfYou. */
            lastIncarnationOfYou: string;

            /** Hello blobAddress. */
            blobAddress: string;

            /** Hello instanceOfYou. */
            instanceOfYou: string;

            /**
             * Encodes the specified Hello message. Does not implicitly {@link elastickv.peer.Hello.verify|verify} messages.
             * @param message Hello message or plain object to encode
             * @param [writer] Writer to encode to
             * @returns Writer
             */
            static encode(message: elastickv.peer.Hello.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a Hello message from the specified reader or buffer.
             * @param reader Reader or buffer to decode from
             * @param [length] Message length if known beforehand
             * @returns {elastickv.peer.Hello & elastickv.peer.Hello.$Shape} Hello
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): elastickv.peer.Hello & elastickv.peer.Hello.$Shape;
        }

        namespace Hello {

            /** Properties of a Hello. */
            interface $Properties {

                /** Hello clusterId */
                clusterId?: (string|null);

                /** Hello id */
                id?: (number|null);

                /** Hello name */
                name?: (string|null);

                /** Hello instance */
                instance?: (string|null);

                /** Hello protocol */
                protocol?: (number|null);

                /** Hello version */
                version?: (string|null);

                /** Hello capabilities */
                capabilities?: (string[]|null);

                /** Hello address */
                address?: (string|null);

                /** Hello lane */
                lane?: (number|null);

                /** Hello maxFrameBytes */
                maxFrameBytes?: (number|null);

                /** Hello boot */
                boot?: (string|null);

                /** Hello lastIncarnationOfYou */
                lastIncarnationOfYou?: (string|null);

                /** Hello blobAddress */
                blobAddress?: (string|null);

                /** Hello instanceOfYou */
                instanceOfYou?: (string|null);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of a Hello. */
            type $Shape = elastickv.peer.Hello.$Properties;
        }

        /** RefusalCode enum. */
        enum RefusalCode {

            /** REFUSAL_NONE value */
            REFUSAL_NONE = 0,

            /** WRONG_CLUSTER value */
            WRONG_CLUSTER = 1,

            /** WRONG_NODE value */
            WRONG_NODE = 2,

            /** WRONG_INSTANCE value */
            WRONG_INSTANCE = 3,

            /** UNKNOWN_MEMBER value */
            UNKNOWN_MEMBER = 4,

            /** REMOVED value */
            REMOVED = 5,

            /** PROTOCOL value */
            PROTOCOL = 6,

            /** CERTIFICATE value */
            CERTIFICATE = 7,

            /** NOT_READY value */
            NOT_READY = 8,

            /** ROLLED_BACK value */
            ROLLED_BACK = 9,

            /** UNAUTHENTICATED value */
            UNAUTHENTICATED = 10
        }

        /**
         * Properties of a HandshakeResult.
         * @deprecated Use elastickv.peer.HandshakeResult.$Properties instead.
         */
        interface IHandshakeResult extends elastickv.peer.HandshakeResult.$Properties {
        }

        /** Represents a HandshakeResult. */
        class HandshakeResult {

            /**
             * Constructs a new HandshakeResult.
             * @param [properties] Properties to set
             */
            constructor(properties?: elastickv.peer.HandshakeResult.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** HandshakeResult ok. */
            ok: boolean;

            /** HandshakeResult code. */
            code: elastickv.peer.RefusalCode;

            /** HandshakeResult message. */
            message: string;

            /**
             * Encodes the specified HandshakeResult message. Does not implicitly {@link elastickv.peer.HandshakeResult.verify|verify} messages.
             * @param message HandshakeResult message or plain object to encode
             * @param [writer] Writer to encode to
             * @returns Writer
             */
            static encode(message: elastickv.peer.HandshakeResult.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a HandshakeResult message from the specified reader or buffer.
             * @param reader Reader or buffer to decode from
             * @param [length] Message length if known beforehand
             * @returns {elastickv.peer.HandshakeResult & elastickv.peer.HandshakeResult.$Shape} HandshakeResult
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): elastickv.peer.HandshakeResult & elastickv.peer.HandshakeResult.$Shape;
        }

        namespace HandshakeResult {

            /** Properties of a HandshakeResult. */
            interface $Properties {

                /** HandshakeResult ok */
                ok?: (boolean|null);

                /** HandshakeResult code */
                code?: (elastickv.peer.RefusalCode|null);

                /** HandshakeResult message */
                message?: (string|null);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of a HandshakeResult. */
            type $Shape = elastickv.peer.HandshakeResult.$Properties;
        }

        /** Kind enum. */
        enum Kind {

            /** KIND_NONE value */
            KIND_NONE = 0,

            /** HELLO value */
            HELLO = 1,

            /** VERDICT value */
            VERDICT = 2,

            /** ALIVE value */
            ALIVE = 3,

            /** RAFT value */
            RAFT = 4,

            /** PROPOSE value */
            PROPOSE = 5,

            /** PROPOSE_REPLY value */
            PROPOSE_REPLY = 6,

            /** REQUEST value */
            REQUEST = 7,

            /** REPLY value */
            REPLY = 8,

            /** SNAPSHOT_BEGIN value */
            SNAPSHOT_BEGIN = 9,

            /** SNAPSHOT_CHUNK value */
            SNAPSHOT_CHUNK = 10,

            /** SNAPSHOT_END value */
            SNAPSHOT_END = 11,

            /** SNAPSHOT_CREDIT value */
            SNAPSHOT_CREDIT = 12,

            /** SNAPSHOT_RESULT value */
            SNAPSHOT_RESULT = 13,

            /** CHALLENGE value */
            CHALLENGE = 14,

            /** PROOF value */
            PROOF = 15,

            /** BLOB_PUSH value */
            BLOB_PUSH = 16,

            /** BLOB_FETCH value */
            BLOB_FETCH = 17,

            /** BLOB_ASK value */
            BLOB_ASK = 18,

            /** BLOB_REPLY value */
            BLOB_REPLY = 19
        }

        /** BlobResult enum. */
        enum BlobResult {

            /** BLOB_RESULT_NONE value */
            BLOB_RESULT_NONE = 0,

            /** BLOB_OK value */
            BLOB_OK = 1,

            /** BLOB_NOT_FOUND value */
            BLOB_NOT_FOUND = 2,

            /** BLOB_CORRUPT value */
            BLOB_CORRUPT = 3,

            /** BLOB_DISK_FULL value */
            BLOB_DISK_FULL = 4,

            /** BLOB_BUSY value */
            BLOB_BUSY = 5,

            /** BLOB_FAILED value */
            BLOB_FAILED = 6
        }

        /**
         * Properties of a Header.
         * @deprecated Use elastickv.peer.Header.$Properties instead.
         */
        interface IHeader extends elastickv.peer.Header.$Properties {
        }

        /** Represents a Header. */
        class Header {

            /**
             * Constructs a new Header.
             * @param [properties] Properties to set
             */
            constructor(properties?: elastickv.peer.Header.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** Header kind. */
            kind: elastickv.peer.Kind;

            /** Header message. */
            message: Uint8Array;

            /** Header entryTypes. */
            entryTypes: number[];

            /** Header entryTerms. */
            entryTerms: number[];

            /** Header entryIndexes. */
            entryIndexes: number[];

            /** Header lengths. */
            lengths: number[];

            /** Header leaseRound. */
            leaseRound: number;

            /** Header applied. */
            applied: number;

            /** Header requestId. */
            requestId: number;

            /** Header streamId. */
            streamId: number;

            /** Header chunks. */
            chunks: number;

            /** Header ok. */
            ok: boolean;

            /** Header reason. */
            reason: string;

            /** Header hello. */
            hello?: (elastickv.peer.Hello.$Properties|null);

            /** Header verdict. */
            verdict?: (elastickv.peer.HandshakeResult.$Properties|null);

            /** Header nonce. */
            nonce: Uint8Array;

            /** Header mac. */
            mac: Uint8Array;

            /** Header blobs. */
            blobs: Uint8Array;

            /** Header pinUntilMs. */
            pinUntilMs: number;

            /** Header result. */
            result: elastickv.peer.BlobResult;

            /** Header deep. */
            deep: boolean;

            /** Header blobsMissing. */
            blobsMissing: number;

            /** Header group. */
            group: number;

            /**
             * Encodes the specified Header message. Does not implicitly {@link elastickv.peer.Header.verify|verify} messages.
             * @param message Header message or plain object to encode
             * @param [writer] Writer to encode to
             * @returns Writer
             */
            static encode(message: elastickv.peer.Header.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a Header message from the specified reader or buffer.
             * @param reader Reader or buffer to decode from
             * @param [length] Message length if known beforehand
             * @returns {elastickv.peer.Header & elastickv.peer.Header.$Shape} Header
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): elastickv.peer.Header & elastickv.peer.Header.$Shape;
        }

        namespace Header {

            /** Properties of a Header. */
            interface $Properties {

                /** Header kind */
                kind?: (elastickv.peer.Kind|null);

                /** Header message */
                message?: (Uint8Array|null);

                /** Header entryTypes */
                entryTypes?: (number[]|null);

                /** Header entryTerms */
                entryTerms?: (number[]|null);

                /** Header entryIndexes */
                entryIndexes?: (number[]|null);

                /** Header lengths */
                lengths?: (number[]|null);

                /** Header leaseRound */
                leaseRound?: (number|null);

                /** Header applied */
                applied?: (number|null);

                /** Header requestId */
                requestId?: (number|null);

                /** Header streamId */
                streamId?: (number|null);

                /** Header chunks */
                chunks?: (number|null);

                /** Header ok */
                ok?: (boolean|null);

                /** Header reason */
                reason?: (string|null);

                /** Header hello */
                hello?: (elastickv.peer.Hello.$Properties|null);

                /** Header verdict */
                verdict?: (elastickv.peer.HandshakeResult.$Properties|null);

                /** Header nonce */
                nonce?: (Uint8Array|null);

                /** Header mac */
                mac?: (Uint8Array|null);

                /** Header blobs */
                blobs?: (Uint8Array|null);

                /** Header pinUntilMs */
                pinUntilMs?: (number|null);

                /** Header result */
                result?: (elastickv.peer.BlobResult|null);

                /** Header deep */
                deep?: (boolean|null);

                /** Header blobsMissing */
                blobsMissing?: (number|null);

                /** Header group */
                group?: (number|null);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of a Header. */
            type $Shape = elastickv.peer.Header.$Properties;
        }
    }
}
