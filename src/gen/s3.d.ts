import * as $protobuf from "protobufjs";
import Long = require("long");

/** Namespace elastickv. */
export namespace elastickv {

    /** Namespace s3. */
    namespace s3 {

        /** Versioning enum. */
        enum Versioning {

            /** VERSIONING_OFF value */
            VERSIONING_OFF = 0,

            /** VERSIONING_ENABLED value */
            VERSIONING_ENABLED = 1,

            /** VERSIONING_SUSPENDED value */
            VERSIONING_SUSPENDED = 2
        }

        /** RetentionMode enum. */
        enum RetentionMode {

            /** RETENTION_NONE value */
            RETENTION_NONE = 0,

            /** GOVERNANCE value */
            GOVERNANCE = 1,

            /** COMPLIANCE value */
            COMPLIANCE = 2
        }

        /**
         * Properties of a Lock.
         * @deprecated Use elastickv.s3.Lock.$Properties instead.
         */
        interface ILock extends elastickv.s3.Lock.$Properties {
        }

        /** Represents a Lock. */
        class Lock {

            /**
             * Constructs a new Lock.
             * @param [properties] Properties to set
             */
            constructor(properties?: elastickv.s3.Lock.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** Lock mode. */
            mode: elastickv.s3.RetentionMode;

            /** Lock retainUntilMs. */
            retainUntilMs: number;

            /** Lock legalHold. */
            legalHold: elastickv.s3.Lock.LegalHold;

            /**
             * Encodes the specified Lock message. Does not implicitly {@link elastickv.s3.Lock.verify|verify} messages.
             * @param message Lock message or plain object to encode
             * @param [writer] Writer to encode to
             * @returns Writer
             */
            static encode(message: elastickv.s3.Lock.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a Lock message from the specified reader or buffer.
             * @param reader Reader or buffer to decode from
             * @param [length] Message length if known beforehand
             * @returns {elastickv.s3.Lock & elastickv.s3.Lock.$Shape} Lock
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): elastickv.s3.Lock & elastickv.s3.Lock.$Shape;
        }

        namespace Lock {

            /** Properties of a Lock. */
            interface $Properties {

                /** Lock mode */
                mode?: (elastickv.s3.RetentionMode|null);

                /** Lock retainUntilMs */
                retainUntilMs?: (number|null);

                /** Lock legalHold */
                legalHold?: (elastickv.s3.Lock.LegalHold|null);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of a Lock. */
            type $Shape = elastickv.s3.Lock.$Properties;

            /** LegalHold enum. */
            enum LegalHold {

                /** NEVER_SET value */
                NEVER_SET = 0,

                /** ON value */
                ON = 1,

                /** OFF value */
                OFF = 2
            }
        }

        /**
         * Properties of a DefaultRetention.
         * @deprecated Use elastickv.s3.DefaultRetention.$Properties instead.
         */
        interface IDefaultRetention extends elastickv.s3.DefaultRetention.$Properties {
        }

        /** Represents a DefaultRetention. */
        class DefaultRetention {

            /**
             * Constructs a new DefaultRetention.
             * @param [properties] Properties to set
             */
            constructor(properties?: elastickv.s3.DefaultRetention.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** DefaultRetention mode. */
            mode: elastickv.s3.RetentionMode;

            /** DefaultRetention days. */
            days: number;

            /** DefaultRetention years. */
            years: number;

            /**
             * Encodes the specified DefaultRetention message. Does not implicitly {@link elastickv.s3.DefaultRetention.verify|verify} messages.
             * @param message DefaultRetention message or plain object to encode
             * @param [writer] Writer to encode to
             * @returns Writer
             */
            static encode(message: elastickv.s3.DefaultRetention.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a DefaultRetention message from the specified reader or buffer.
             * @param reader Reader or buffer to decode from
             * @param [length] Message length if known beforehand
             * @returns {elastickv.s3.DefaultRetention & elastickv.s3.DefaultRetention.$Shape} DefaultRetention
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): elastickv.s3.DefaultRetention & elastickv.s3.DefaultRetention.$Shape;
        }

        namespace DefaultRetention {

            /** Properties of a DefaultRetention. */
            interface $Properties {

                /** DefaultRetention mode */
                mode?: (elastickv.s3.RetentionMode|null);

                /** DefaultRetention days */
                days?: (number|null);

                /** DefaultRetention years */
                years?: (number|null);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of a DefaultRetention. */
            type $Shape = elastickv.s3.DefaultRetention.$Properties;
        }

        /**
         * Properties of a Bucket.
         * @deprecated Use elastickv.s3.Bucket.$Properties instead.
         */
        interface IBucket extends elastickv.s3.Bucket.$Properties {
        }

        /** Represents a Bucket. */
        class Bucket {

            /**
             * Constructs a new Bucket.
             * @param [properties] Properties to set
             */
            constructor(properties?: elastickv.s3.Bucket.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** Bucket generation. */
            generation: Uint8Array;

            /** Bucket createdMs. */
            createdMs: number;

            /** Bucket region. */
            region: string;

            /** Bucket owner. */
            owner: string;

            /** Bucket ownerId. */
            ownerId: Uint8Array;

            /** Bucket versioning. */
            versioning: elastickv.s3.Versioning;

            /** Bucket objectLock. */
            objectLock: boolean;

            /**
             * Encodes the specified Bucket message. Does not implicitly {@link elastickv.s3.Bucket.verify|verify} messages.
             * @param message Bucket message or plain object to encode
             * @param [writer] Writer to encode to
             * @returns Writer
             */
            static encode(message: elastickv.s3.Bucket.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a Bucket message from the specified reader or buffer.
             * @param reader Reader or buffer to decode from
             * @param [length] Message length if known beforehand
             * @returns {elastickv.s3.Bucket & elastickv.s3.Bucket.$Shape} Bucket
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): elastickv.s3.Bucket & elastickv.s3.Bucket.$Shape;
        }

        namespace Bucket {

            /** Properties of a Bucket. */
            interface $Properties {

                /** Bucket generation */
                generation?: (Uint8Array|null);

                /** Bucket createdMs */
                createdMs?: (number|null);

                /** Bucket region */
                region?: (string|null);

                /** Bucket owner */
                owner?: (string|null);

                /** Bucket ownerId */
                ownerId?: (Uint8Array|null);

                /** Bucket versioning */
                versioning?: (elastickv.s3.Versioning|null);

                /** Bucket objectLock */
                objectLock?: (boolean|null);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of a Bucket. */
            type $Shape = elastickv.s3.Bucket.$Properties;
        }

        /** ChecksumAlgorithm enum. */
        enum ChecksumAlgorithm {

            /** CHECKSUM_NONE value */
            CHECKSUM_NONE = 0,

            /** CRC32 value */
            CRC32 = 1,

            /** CRC32C value */
            CRC32C = 2,

            /** CRC64NVME value */
            CRC64NVME = 3,

            /** SHA1 value */
            SHA1 = 4,

            /** SHA256 value */
            SHA256 = 5,

            /** SHA512 value */
            SHA512 = 6,

            /** MD5 value */
            MD5 = 7,

            /** XXHASH64 value */
            XXHASH64 = 8,

            /** XXHASH3 value */
            XXHASH3 = 9,

            /** XXHASH128 value */
            XXHASH128 = 10
        }

        /** ChecksumType enum. */
        enum ChecksumType {

            /** TYPE_NONE value */
            TYPE_NONE = 0,

            /** FULL_OBJECT value */
            FULL_OBJECT = 1,

            /** COMPOSITE value */
            COMPOSITE = 2
        }

        /**
         * Properties of a Checksum.
         * @deprecated Use elastickv.s3.Checksum.$Properties instead.
         */
        interface IChecksum extends elastickv.s3.Checksum.$Properties {
        }

        /** Represents a Checksum. */
        class Checksum {

            /**
             * Constructs a new Checksum.
             * @param [properties] Properties to set
             */
            constructor(properties?: elastickv.s3.Checksum.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** Checksum algorithm. */
            algorithm: elastickv.s3.ChecksumAlgorithm;

            /** Checksum type. */
            type: elastickv.s3.ChecksumType;

            /** Checksum value. */
            value: Uint8Array;

            /**
             * Encodes the specified Checksum message. Does not implicitly {@link elastickv.s3.Checksum.verify|verify} messages.
             * @param message Checksum message or plain object to encode
             * @param [writer] Writer to encode to
             * @returns Writer
             */
            static encode(message: elastickv.s3.Checksum.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a Checksum message from the specified reader or buffer.
             * @param reader Reader or buffer to decode from
             * @param [length] Message length if known beforehand
             * @returns {elastickv.s3.Checksum & elastickv.s3.Checksum.$Shape} Checksum
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): elastickv.s3.Checksum & elastickv.s3.Checksum.$Shape;
        }

        namespace Checksum {

            /** Properties of a Checksum. */
            interface $Properties {

                /** Checksum algorithm */
                algorithm?: (elastickv.s3.ChecksumAlgorithm|null);

                /** Checksum type */
                type?: (elastickv.s3.ChecksumType|null);

                /** Checksum value */
                value?: (Uint8Array|null);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of a Checksum. */
            type $Shape = elastickv.s3.Checksum.$Properties;
        }

        /** StorageClass enum. */
        enum StorageClass {

            /** STANDARD value */
            STANDARD = 0,

            /** REDUCED_REDUNDANCY value */
            REDUCED_REDUNDANCY = 1,

            /** STANDARD_IA value */
            STANDARD_IA = 2,

            /** ONEZONE_IA value */
            ONEZONE_IA = 3,

            /** INTELLIGENT_TIERING value */
            INTELLIGENT_TIERING = 4,

            /** GLACIER_IR value */
            GLACIER_IR = 5
        }

        /**
         * Properties of a ContentHeaders.
         * @deprecated Use elastickv.s3.ContentHeaders.$Properties instead.
         */
        interface IContentHeaders extends elastickv.s3.ContentHeaders.$Properties {
        }

        /** Represents a ContentHeaders. */
        class ContentHeaders {

            /**
             * Constructs a new ContentHeaders.
             * @param [properties] Properties to set
             */
            constructor(properties?: elastickv.s3.ContentHeaders.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** ContentHeaders contentType. */
            contentType: string;

            /** ContentHeaders contentEncoding. */
            contentEncoding: string;

            /** ContentHeaders contentDisposition. */
            contentDisposition: string;

            /** ContentHeaders contentLanguage. */
            contentLanguage: string;

            /** ContentHeaders cacheControl. */
            cacheControl: string;

            /** ContentHeaders expires. */
            expires: string;

            /**
             * Encodes the specified ContentHeaders message. Does not implicitly {@link elastickv.s3.ContentHeaders.verify|verify} messages.
             * @param message ContentHeaders message or plain object to encode
             * @param [writer] Writer to encode to
             * @returns Writer
             */
            static encode(message: elastickv.s3.ContentHeaders.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a ContentHeaders message from the specified reader or buffer.
             * @param reader Reader or buffer to decode from
             * @param [length] Message length if known beforehand
             * @returns {elastickv.s3.ContentHeaders & elastickv.s3.ContentHeaders.$Shape} ContentHeaders
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): elastickv.s3.ContentHeaders & elastickv.s3.ContentHeaders.$Shape;
        }

        namespace ContentHeaders {

            /** Properties of a ContentHeaders. */
            interface $Properties {

                /** ContentHeaders contentType */
                contentType?: (string|null);

                /** ContentHeaders contentEncoding */
                contentEncoding?: (string|null);

                /** ContentHeaders contentDisposition */
                contentDisposition?: (string|null);

                /** ContentHeaders contentLanguage */
                contentLanguage?: (string|null);

                /** ContentHeaders cacheControl */
                cacheControl?: (string|null);

                /** ContentHeaders expires */
                expires?: (string|null);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of a ContentHeaders. */
            type $Shape = elastickv.s3.ContentHeaders.$Properties;
        }

        /**
         * Properties of a UserMetadata.
         * @deprecated Use elastickv.s3.UserMetadata.$Properties instead.
         */
        interface IUserMetadata extends elastickv.s3.UserMetadata.$Properties {
        }

        /** Represents a UserMetadata. */
        class UserMetadata {

            /**
             * Constructs a new UserMetadata.
             * @param [properties] Properties to set
             */
            constructor(properties?: elastickv.s3.UserMetadata.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** UserMetadata name. */
            name: string;

            /** UserMetadata value. */
            value: string;

            /**
             * Encodes the specified UserMetadata message. Does not implicitly {@link elastickv.s3.UserMetadata.verify|verify} messages.
             * @param message UserMetadata message or plain object to encode
             * @param [writer] Writer to encode to
             * @returns Writer
             */
            static encode(message: elastickv.s3.UserMetadata.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a UserMetadata message from the specified reader or buffer.
             * @param reader Reader or buffer to decode from
             * @param [length] Message length if known beforehand
             * @returns {elastickv.s3.UserMetadata & elastickv.s3.UserMetadata.$Shape} UserMetadata
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): elastickv.s3.UserMetadata & elastickv.s3.UserMetadata.$Shape;
        }

        namespace UserMetadata {

            /** Properties of a UserMetadata. */
            interface $Properties {

                /** UserMetadata name */
                name?: (string|null);

                /** UserMetadata value */
                value?: (string|null);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of a UserMetadata. */
            type $Shape = elastickv.s3.UserMetadata.$Properties;
        }

        /**
         * Properties of a Tag.
         * @deprecated Use elastickv.s3.Tag.$Properties instead.
         */
        interface ITag extends elastickv.s3.Tag.$Properties {
        }

        /** Represents a Tag. */
        class Tag {

            /**
             * Constructs a new Tag.
             * @param [properties] Properties to set
             */
            constructor(properties?: elastickv.s3.Tag.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** Tag key. */
            key: string;

            /** Tag value. */
            value: string;

            /**
             * Encodes the specified Tag message. Does not implicitly {@link elastickv.s3.Tag.verify|verify} messages.
             * @param message Tag message or plain object to encode
             * @param [writer] Writer to encode to
             * @returns Writer
             */
            static encode(message: elastickv.s3.Tag.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a Tag message from the specified reader or buffer.
             * @param reader Reader or buffer to decode from
             * @param [length] Message length if known beforehand
             * @returns {elastickv.s3.Tag & elastickv.s3.Tag.$Shape} Tag
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): elastickv.s3.Tag & elastickv.s3.Tag.$Shape;
        }

        namespace Tag {

            /** Properties of a Tag. */
            interface $Properties {

                /** Tag key */
                key?: (string|null);

                /** Tag value */
                value?: (string|null);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of a Tag. */
            type $Shape = elastickv.s3.Tag.$Properties;
        }

        /**
         * Properties of a Tagging.
         * @deprecated Use elastickv.s3.Tagging.$Properties instead.
         */
        interface ITagging extends elastickv.s3.Tagging.$Properties {
        }

        /** Represents a Tagging. */
        class Tagging {

            /**
             * Constructs a new Tagging.
             * @param [properties] Properties to set
             */
            constructor(properties?: elastickv.s3.Tagging.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** Tagging tags. */
            tags: elastickv.s3.Tag.$Properties[];

            /**
             * Encodes the specified Tagging message. Does not implicitly {@link elastickv.s3.Tagging.verify|verify} messages.
             * @param message Tagging message or plain object to encode
             * @param [writer] Writer to encode to
             * @returns Writer
             */
            static encode(message: elastickv.s3.Tagging.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a Tagging message from the specified reader or buffer.
             * @param reader Reader or buffer to decode from
             * @param [length] Message length if known beforehand
             * @returns {elastickv.s3.Tagging & elastickv.s3.Tagging.$Shape} Tagging
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): elastickv.s3.Tagging & elastickv.s3.Tagging.$Shape;
        }

        namespace Tagging {

            /** Properties of a Tagging. */
            interface $Properties {

                /** Tagging tags */
                tags?: (elastickv.s3.Tag.$Properties[]|null);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of a Tagging. */
            type $Shape = elastickv.s3.Tagging.$Properties;
        }

        /** Payer enum. */
        enum Payer {

            /** BUCKET_OWNER value */
            BUCKET_OWNER = 0,

            /** REQUESTER value */
            REQUESTER = 1
        }

        /**
         * Properties of a RequestPayment.
         * @deprecated Use elastickv.s3.RequestPayment.$Properties instead.
         */
        interface IRequestPayment extends elastickv.s3.RequestPayment.$Properties {
        }

        /** Represents a RequestPayment. */
        class RequestPayment {

            /**
             * Constructs a new RequestPayment.
             * @param [properties] Properties to set
             */
            constructor(properties?: elastickv.s3.RequestPayment.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** RequestPayment payer. */
            payer: elastickv.s3.Payer;

            /**
             * Encodes the specified RequestPayment message. Does not implicitly {@link elastickv.s3.RequestPayment.verify|verify} messages.
             * @param message RequestPayment message or plain object to encode
             * @param [writer] Writer to encode to
             * @returns Writer
             */
            static encode(message: elastickv.s3.RequestPayment.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a RequestPayment message from the specified reader or buffer.
             * @param reader Reader or buffer to decode from
             * @param [length] Message length if known beforehand
             * @returns {elastickv.s3.RequestPayment & elastickv.s3.RequestPayment.$Shape} RequestPayment
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): elastickv.s3.RequestPayment & elastickv.s3.RequestPayment.$Shape;
        }

        namespace RequestPayment {

            /** Properties of a RequestPayment. */
            interface $Properties {

                /** RequestPayment payer */
                payer?: (elastickv.s3.Payer|null);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of a RequestPayment. */
            type $Shape = elastickv.s3.RequestPayment.$Properties;
        }

        /**
         * Properties of a CorsRule.
         * @deprecated Use elastickv.s3.CorsRule.$Properties instead.
         */
        interface ICorsRule extends elastickv.s3.CorsRule.$Properties {
        }

        /** Represents a CorsRule. */
        class CorsRule {

            /**
             * Constructs a new CorsRule.
             * @param [properties] Properties to set
             */
            constructor(properties?: elastickv.s3.CorsRule.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** CorsRule id. */
            id: string;

            /** CorsRule allowedHeaders. */
            allowedHeaders: string[];

            /** CorsRule allowedMethods. */
            allowedMethods: string[];

            /** CorsRule allowedOrigins. */
            allowedOrigins: string[];

            /** CorsRule exposeHeaders. */
            exposeHeaders: string[];

            /** CorsRule maxAgeSeconds. */
            maxAgeSeconds?: (number|null);

            /**
             * Encodes the specified CorsRule message. Does not implicitly {@link elastickv.s3.CorsRule.verify|verify} messages.
             * @param message CorsRule message or plain object to encode
             * @param [writer] Writer to encode to
             * @returns Writer
             */
            static encode(message: elastickv.s3.CorsRule.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a CorsRule message from the specified reader or buffer.
             * @param reader Reader or buffer to decode from
             * @param [length] Message length if known beforehand
             * @returns {elastickv.s3.CorsRule & elastickv.s3.CorsRule.$Shape} CorsRule
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): elastickv.s3.CorsRule & elastickv.s3.CorsRule.$Shape;
        }

        namespace CorsRule {

            /** Properties of a CorsRule. */
            interface $Properties {

                /** CorsRule id */
                id?: (string|null);

                /** CorsRule allowedHeaders */
                allowedHeaders?: (string[]|null);

                /** CorsRule allowedMethods */
                allowedMethods?: (string[]|null);

                /** CorsRule allowedOrigins */
                allowedOrigins?: (string[]|null);

                /** CorsRule exposeHeaders */
                exposeHeaders?: (string[]|null);

                /** CorsRule maxAgeSeconds */
                maxAgeSeconds?: (number|null);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of a CorsRule. */
            type $Shape = elastickv.s3.CorsRule.$Properties;
        }

        /**
         * Properties of a Cors.
         * @deprecated Use elastickv.s3.Cors.$Properties instead.
         */
        interface ICors extends elastickv.s3.Cors.$Properties {
        }

        /** Represents a Cors. */
        class Cors {

            /**
             * Constructs a new Cors.
             * @param [properties] Properties to set
             */
            constructor(properties?: elastickv.s3.Cors.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** Cors rules. */
            rules: elastickv.s3.CorsRule.$Properties[];

            /**
             * Encodes the specified Cors message. Does not implicitly {@link elastickv.s3.Cors.verify|verify} messages.
             * @param message Cors message or plain object to encode
             * @param [writer] Writer to encode to
             * @returns Writer
             */
            static encode(message: elastickv.s3.Cors.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a Cors message from the specified reader or buffer.
             * @param reader Reader or buffer to decode from
             * @param [length] Message length if known beforehand
             * @returns {elastickv.s3.Cors & elastickv.s3.Cors.$Shape} Cors
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): elastickv.s3.Cors & elastickv.s3.Cors.$Shape;
        }

        namespace Cors {

            /** Properties of a Cors. */
            interface $Properties {

                /** Cors rules */
                rules?: (elastickv.s3.CorsRule.$Properties[]|null);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of a Cors. */
            type $Shape = elastickv.s3.Cors.$Properties;
        }

        /**
         * Properties of a Manifest.
         * @deprecated Use elastickv.s3.Manifest.$Properties instead.
         */
        interface IManifest extends elastickv.s3.Manifest.$Properties {
        }

        /** Represents a Manifest. */
        class Manifest {

            /**
             * Constructs a new Manifest.
             * @param [properties] Properties to set
             */
            constructor(properties?: elastickv.s3.Manifest.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** Manifest versionId. */
            versionId: string;

            /** Manifest size. */
            size: number;

            /** Manifest etag. */
            etag: string;

            /** Manifest modifiedMs. */
            modifiedMs: number;

            /** Manifest headers. */
            headers?: (elastickv.s3.ContentHeaders.$Properties|null);

            /** Manifest metadata. */
            metadata: elastickv.s3.UserMetadata.$Properties[];

            /** Manifest checksum. */
            checksum?: (elastickv.s3.Checksum.$Properties|null);

            /** Manifest owner. */
            owner: string;

            /** Manifest content. */
            content: elastickv.s3.Manifest.Content;

            /** Manifest attempt. */
            attempt: Uint8Array;

            /** Manifest chunkSize. */
            chunkSize: number;

            /** Manifest partCount. */
            partCount: number;

            /** Manifest payloadCrc32. */
            payloadCrc32: number;

            /** Manifest storageClass. */
            storageClass: elastickv.s3.StorageClass;

            /** Manifest ownerId. */
            ownerId: Uint8Array;

            /** Manifest invocation. */
            invocation: Uint8Array;

            /** Manifest lock. */
            lock?: (elastickv.s3.Lock.$Properties|null);

            /** Manifest order. */
            order: Uint8Array;

            /** Manifest tags. */
            tags: elastickv.s3.Tag.$Properties[];

            /** Manifest redirect. */
            redirect: string;

            /**
             * Encodes the specified Manifest message. Does not implicitly {@link elastickv.s3.Manifest.verify|verify} messages.
             * @param message Manifest message or plain object to encode
             * @param [writer] Writer to encode to
             * @returns Writer
             */
            static encode(message: elastickv.s3.Manifest.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a Manifest message from the specified reader or buffer.
             * @param reader Reader or buffer to decode from
             * @param [length] Message length if known beforehand
             * @returns {elastickv.s3.Manifest & elastickv.s3.Manifest.$Shape} Manifest
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): elastickv.s3.Manifest & elastickv.s3.Manifest.$Shape;
        }

        namespace Manifest {

            /** Properties of a Manifest. */
            interface $Properties {

                /** Manifest versionId */
                versionId?: (string|null);

                /** Manifest size */
                size?: (number|null);

                /** Manifest etag */
                etag?: (string|null);

                /** Manifest modifiedMs */
                modifiedMs?: (number|null);

                /** Manifest headers */
                headers?: (elastickv.s3.ContentHeaders.$Properties|null);

                /** Manifest metadata */
                metadata?: (elastickv.s3.UserMetadata.$Properties[]|null);

                /** Manifest checksum */
                checksum?: (elastickv.s3.Checksum.$Properties|null);

                /** Manifest owner */
                owner?: (string|null);

                /** Manifest content */
                content?: (elastickv.s3.Manifest.Content|null);

                /** Manifest attempt */
                attempt?: (Uint8Array|null);

                /** Manifest chunkSize */
                chunkSize?: (number|null);

                /** Manifest partCount */
                partCount?: (number|null);

                /** Manifest payloadCrc32 */
                payloadCrc32?: (number|null);

                /** Manifest storageClass */
                storageClass?: (elastickv.s3.StorageClass|null);

                /** Manifest ownerId */
                ownerId?: (Uint8Array|null);

                /** Manifest invocation */
                invocation?: (Uint8Array|null);

                /** Manifest lock */
                lock?: (elastickv.s3.Lock.$Properties|null);

                /** Manifest order */
                order?: (Uint8Array|null);

                /** Manifest tags */
                tags?: (elastickv.s3.Tag.$Properties[]|null);

                /** Manifest redirect */
                redirect?: (string|null);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of a Manifest. */
            type $Shape = elastickv.s3.Manifest.$Properties;

            /** Content enum. */
            enum Content {

                /** UNKNOWN value */
                UNKNOWN = 0,

                /** INLINE value */
                INLINE = 1,

                /** CHUNKS value */
                CHUNKS = 2,

                /** PARTS value */
                PARTS = 3,

                /** BLOBS value */
                BLOBS = 4,

                /** MARKER value */
                MARKER = 5
            }
        }

        /** PartContent enum. */
        enum PartContent {

            /** PART_CHUNKS value */
            PART_CHUNKS = 0,

            /** PART_BLOBS value */
            PART_BLOBS = 1
        }

        /**
         * Properties of a PartTable.
         * @deprecated Use elastickv.s3.PartTable.$Properties instead.
         */
        interface IPartTable extends elastickv.s3.PartTable.$Properties {
        }

        /** Represents a PartTable. */
        class PartTable {

            /**
             * Constructs a new PartTable.
             * @param [properties] Properties to set
             */
            constructor(properties?: elastickv.s3.PartTable.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** PartTable parts. */
            parts: elastickv.s3.PartRef.$Properties[];

            /**
             * Encodes the specified PartTable message. Does not implicitly {@link elastickv.s3.PartTable.verify|verify} messages.
             * @param message PartTable message or plain object to encode
             * @param [writer] Writer to encode to
             * @returns Writer
             */
            static encode(message: elastickv.s3.PartTable.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a PartTable message from the specified reader or buffer.
             * @param reader Reader or buffer to decode from
             * @param [length] Message length if known beforehand
             * @returns {elastickv.s3.PartTable & elastickv.s3.PartTable.$Shape} PartTable
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): elastickv.s3.PartTable & elastickv.s3.PartTable.$Shape;
        }

        namespace PartTable {

            /** Properties of a PartTable. */
            interface $Properties {

                /** PartTable parts */
                parts?: (elastickv.s3.PartRef.$Properties[]|null);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of a PartTable. */
            type $Shape = elastickv.s3.PartTable.$Properties;
        }

        /**
         * Properties of a PartRef.
         * @deprecated Use elastickv.s3.PartRef.$Properties instead.
         */
        interface IPartRef extends elastickv.s3.PartRef.$Properties {
        }

        /** Represents a PartRef. */
        class PartRef {

            /**
             * Constructs a new PartRef.
             * @param [properties] Properties to set
             */
            constructor(properties?: elastickv.s3.PartRef.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** PartRef number. */
            number: number;

            /** PartRef attempt. */
            attempt: Uint8Array;

            /** PartRef size. */
            size: number;

            /** PartRef checksum. */
            checksum: Uint8Array;

            /** PartRef content. */
            content: elastickv.s3.PartContent;

            /**
             * Encodes the specified PartRef message. Does not implicitly {@link elastickv.s3.PartRef.verify|verify} messages.
             * @param message PartRef message or plain object to encode
             * @param [writer] Writer to encode to
             * @returns Writer
             */
            static encode(message: elastickv.s3.PartRef.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a PartRef message from the specified reader or buffer.
             * @param reader Reader or buffer to decode from
             * @param [length] Message length if known beforehand
             * @returns {elastickv.s3.PartRef & elastickv.s3.PartRef.$Shape} PartRef
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): elastickv.s3.PartRef & elastickv.s3.PartRef.$Shape;
        }

        namespace PartRef {

            /** Properties of a PartRef. */
            interface $Properties {

                /** PartRef number */
                number?: (number|null);

                /** PartRef attempt */
                attempt?: (Uint8Array|null);

                /** PartRef size */
                size?: (number|null);

                /** PartRef checksum */
                checksum?: (Uint8Array|null);

                /** PartRef content */
                content?: (elastickv.s3.PartContent|null);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of a PartRef. */
            type $Shape = elastickv.s3.PartRef.$Properties;
        }

        /**
         * Properties of a Chunk.
         * @deprecated Use elastickv.s3.Chunk.$Properties instead.
         */
        interface IChunk extends elastickv.s3.Chunk.$Properties {
        }

        /** Represents a Chunk. */
        class Chunk {

            /**
             * Constructs a new Chunk.
             * @param [properties] Properties to set
             */
            constructor(properties?: elastickv.s3.Chunk.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** Chunk crc32. */
            crc32: number;

            /** Chunk size. */
            size: number;

            /**
             * Encodes the specified Chunk message. Does not implicitly {@link elastickv.s3.Chunk.verify|verify} messages.
             * @param message Chunk message or plain object to encode
             * @param [writer] Writer to encode to
             * @returns Writer
             */
            static encode(message: elastickv.s3.Chunk.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a Chunk message from the specified reader or buffer.
             * @param reader Reader or buffer to decode from
             * @param [length] Message length if known beforehand
             * @returns {elastickv.s3.Chunk & elastickv.s3.Chunk.$Shape} Chunk
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): elastickv.s3.Chunk & elastickv.s3.Chunk.$Shape;
        }

        namespace Chunk {

            /** Properties of a Chunk. */
            interface $Properties {

                /** Chunk crc32 */
                crc32?: (number|null);

                /** Chunk size */
                size?: (number|null);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of a Chunk. */
            type $Shape = elastickv.s3.Chunk.$Properties;
        }

        /**
         * Properties of an Upload.
         * @deprecated Use elastickv.s3.Upload.$Properties instead.
         */
        interface IUpload extends elastickv.s3.Upload.$Properties {
        }

        /** Represents an Upload. */
        class Upload {

            /**
             * Constructs a new Upload.
             * @param [properties] Properties to set
             */
            constructor(properties?: elastickv.s3.Upload.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** Upload initiatedMs. */
            initiatedMs: number;

            /** Upload headers. */
            headers?: (elastickv.s3.ContentHeaders.$Properties|null);

            /** Upload metadata. */
            metadata: elastickv.s3.UserMetadata.$Properties[];

            /** Upload checksumAlgorithm. */
            checksumAlgorithm: elastickv.s3.ChecksumAlgorithm;

            /** Upload checksumType. */
            checksumType: elastickv.s3.ChecksumType;

            /** Upload owner. */
            owner: string;

            /** Upload chunkSize. */
            chunkSize: number;

            /** Upload storageClass. */
            storageClass: elastickv.s3.StorageClass;

            /** Upload ownerId. */
            ownerId: Uint8Array;

            /** Upload lock. */
            lock?: (elastickv.s3.Lock.$Properties|null);

            /** Upload tags. */
            tags: elastickv.s3.Tag.$Properties[];

            /** Upload redirect. */
            redirect: string;

            /**
             * Encodes the specified Upload message. Does not implicitly {@link elastickv.s3.Upload.verify|verify} messages.
             * @param message Upload message or plain object to encode
             * @param [writer] Writer to encode to
             * @returns Writer
             */
            static encode(message: elastickv.s3.Upload.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes an Upload message from the specified reader or buffer.
             * @param reader Reader or buffer to decode from
             * @param [length] Message length if known beforehand
             * @returns {elastickv.s3.Upload & elastickv.s3.Upload.$Shape} Upload
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): elastickv.s3.Upload & elastickv.s3.Upload.$Shape;
        }

        namespace Upload {

            /** Properties of an Upload. */
            interface $Properties {

                /** Upload initiatedMs */
                initiatedMs?: (number|null);

                /** Upload headers */
                headers?: (elastickv.s3.ContentHeaders.$Properties|null);

                /** Upload metadata */
                metadata?: (elastickv.s3.UserMetadata.$Properties[]|null);

                /** Upload checksumAlgorithm */
                checksumAlgorithm?: (elastickv.s3.ChecksumAlgorithm|null);

                /** Upload checksumType */
                checksumType?: (elastickv.s3.ChecksumType|null);

                /** Upload owner */
                owner?: (string|null);

                /** Upload chunkSize */
                chunkSize?: (number|null);

                /** Upload storageClass */
                storageClass?: (elastickv.s3.StorageClass|null);

                /** Upload ownerId */
                ownerId?: (Uint8Array|null);

                /** Upload lock */
                lock?: (elastickv.s3.Lock.$Properties|null);

                /** Upload tags */
                tags?: (elastickv.s3.Tag.$Properties[]|null);

                /** Upload redirect */
                redirect?: (string|null);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of an Upload. */
            type $Shape = elastickv.s3.Upload.$Properties;
        }

        /**
         * Properties of a Part.
         * @deprecated Use elastickv.s3.Part.$Properties instead.
         */
        interface IPart extends elastickv.s3.Part.$Properties {
        }

        /** Represents a Part. */
        class Part {

            /**
             * Constructs a new Part.
             * @param [properties] Properties to set
             */
            constructor(properties?: elastickv.s3.Part.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** Part attempt. */
            attempt: Uint8Array;

            /** Part size. */
            size: number;

            /** Part md5. */
            md5: Uint8Array;

            /** Part checksum. */
            checksum?: (elastickv.s3.Checksum.$Properties|null);

            /** Part modifiedMs. */
            modifiedMs: number;

            /** Part content. */
            content: elastickv.s3.PartContent;

            /**
             * Encodes the specified Part message. Does not implicitly {@link elastickv.s3.Part.verify|verify} messages.
             * @param message Part message or plain object to encode
             * @param [writer] Writer to encode to
             * @returns Writer
             */
            static encode(message: elastickv.s3.Part.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a Part message from the specified reader or buffer.
             * @param reader Reader or buffer to decode from
             * @param [length] Message length if known beforehand
             * @returns {elastickv.s3.Part & elastickv.s3.Part.$Shape} Part
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): elastickv.s3.Part & elastickv.s3.Part.$Shape;
        }

        namespace Part {

            /** Properties of a Part. */
            interface $Properties {

                /** Part attempt */
                attempt?: (Uint8Array|null);

                /** Part size */
                size?: (number|null);

                /** Part md5 */
                md5?: (Uint8Array|null);

                /** Part checksum */
                checksum?: (elastickv.s3.Checksum.$Properties|null);

                /** Part modifiedMs */
                modifiedMs?: (number|null);

                /** Part content */
                content?: (elastickv.s3.PartContent|null);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of a Part. */
            type $Shape = elastickv.s3.Part.$Properties;
        }

        /**
         * Properties of a PendingWrite.
         * @deprecated Use elastickv.s3.PendingWrite.$Properties instead.
         */
        interface IPendingWrite extends elastickv.s3.PendingWrite.$Properties {
        }

        /** Represents a PendingWrite. */
        class PendingWrite {

            /**
             * Constructs a new PendingWrite.
             * @param [properties] Properties to set
             */
            constructor(properties?: elastickv.s3.PendingWrite.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** PendingWrite origin. */
            origin: Uint8Array;

            /** PendingWrite startedMs. */
            startedMs: number;

            /** PendingWrite seenMs. */
            seenMs: number;

            /** PendingWrite node. */
            node: string;

            /** PendingWrite bucket. */
            bucket: string;

            /** PendingWrite key. */
            key: string;

            /**
             * Encodes the specified PendingWrite message. Does not implicitly {@link elastickv.s3.PendingWrite.verify|verify} messages.
             * @param message PendingWrite message or plain object to encode
             * @param [writer] Writer to encode to
             * @returns Writer
             */
            static encode(message: elastickv.s3.PendingWrite.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a PendingWrite message from the specified reader or buffer.
             * @param reader Reader or buffer to decode from
             * @param [length] Message length if known beforehand
             * @returns {elastickv.s3.PendingWrite & elastickv.s3.PendingWrite.$Shape} PendingWrite
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): elastickv.s3.PendingWrite & elastickv.s3.PendingWrite.$Shape;
        }

        namespace PendingWrite {

            /** Properties of a PendingWrite. */
            interface $Properties {

                /** PendingWrite origin */
                origin?: (Uint8Array|null);

                /** PendingWrite startedMs */
                startedMs?: (number|null);

                /** PendingWrite seenMs */
                seenMs?: (number|null);

                /** PendingWrite node */
                node?: (string|null);

                /** PendingWrite bucket */
                bucket?: (string|null);

                /** PendingWrite key */
                key?: (string|null);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of a PendingWrite. */
            type $Shape = elastickv.s3.PendingWrite.$Properties;
        }
    }
}
