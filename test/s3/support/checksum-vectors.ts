/**
 * Checksums of two parts, of their checksums (composite), and of both in one piece, in base64: computed with awscrt 0.38.1
 * (CRCs and XXH, as botocore does) and Python's hashlib and zlib.
 */
import type { ChecksumAlgorithm } from "../../../src/s3/body/types.ts";

export const PART_ONE = Buffer.alloc(5 * 1024 * 1024, "A");
export const PART_TWO = Buffer.from("the tail");

export const CHECKSUM_VECTORS: readonly {
  readonly algorithm: ChecksumAlgorithm;
  readonly one: string;
  readonly two: string;
  readonly composite: string;
  readonly whole: string;
}[] = [
  {
    algorithm: "crc32",
    one: "JRTCyQ==",
    two: "MeqYLQ==",
    composite: "76WoRg==",
    whole: "nueqag==",
  },
  {
    algorithm: "crc32c",
    one: "MDaLrw==",
    two: "tRVKWQ==",
    composite: "bHuyUQ==",
    whole: "jztbBg==",
  },
  {
    algorithm: "crc64nvme",
    one: "L/E4WYn8v98=",
    two: "ZupX9zCNS8c=",
    composite: "MJ3L7Ynh+tM=",
    whole: "YNPHSVD2QAs=",
  },
  {
    algorithm: "sha1",
    one: "iIaTCGbm+vdVjNqIMF2S0T7ibMk=",
    two: "9eD4v/ChtGHOC/CNJlrF/d4wxMc=",
    composite: "SD3oDsWnMQ/RE8sds8Vur9i8Flc=",
    whole: "fReU3NzdK8GAtX3gllZduvQcByE=",
  },
  {
    algorithm: "sha256",
    one: "275VF5loJr1YYawit0XSHREhkFXYkkPKGuoK0x9VKxI=",
    two: "XS2Yth0z4utUcmAhs1/FjolBtdpdxSAZ/qDckqzqJ8g=",
    composite: "+dZbmsQSOhRIiGy7GSfZMDS3WDEuwJf0A3dSXeOK8UE=",
    whole: "RdH6FkaZj4K0KQApc3wHI/lLIf1+zYUvk2JsnYuOV9k=",
  },
  {
    algorithm: "sha512",
    one: "bSuHg8pnhOy8f0iO1MWr/KsuUF6BO+ZoH4501A8Nq+/BV2qW99WyckU3tppblsNZMRrOS59lvtK2cFlHD8h7CQ==",
    two: "zmw11uP/ZdRSdoQtBeL9c+l1ExnBoIzNr2L5ePEZIXhy8vxoOnsf9jYp3BfK4zex54qSpEUUsqZRVTabgxc6Jw==",
    composite: "m9/g2amSEJOyHeA5DQ2mNyvJ81W748U+M+iiZxFuig36wrcwnFRxPelw+UWZfCipar6pl5op5it1U32zthpMcw==",
    whole: "3Hzuevw0agsBJAmzVAvcqSd7rUN2RzbN28Dg59SnG+txUuMuZFiBDNETT7uQfJYSxc2flbwW30UhQN30Hau4aw==",
  },
  {
    algorithm: "md5",
    one: "uPyFeiXnlYhowvAD1eCVLQ==",
    two: "ia/FsjHrO/OG/6/ZyoQOcw==",
    composite: "IP9PJIIwpuUkQVCCIv8lbQ==",
    whole: "JCKCCn4S5anvZgZEAen3Rg==",
  },
  {
    algorithm: "xxhash64",
    one: "uXYKj9tQzeE=",
    two: "8/kiYf8LTA0=",
    composite: "9fpugYtZcc8=",
    whole: "V+M4++j8jfk=",
  },
  {
    algorithm: "xxhash3",
    one: "Ywl+52vpzqE=",
    two: "KT6sZZL7lk8=",
    composite: "YK5zFD/ikUw=",
    whole: "kFHxPVKYZLM=",
  },
  {
    algorithm: "xxhash128",
    one: "/ua/PkXRaphjCX7na+nOoQ==",
    two: "rmhv78c/TKOBQOO9F9OZoQ==",
    composite: "/iPLh6BU5e8bH6L9PZCHgg==",
    whole: "HwxzOHd4dmiQUfE9Uphksw==",
  },
];
