/** Who owns buckets and objects. */
export interface S3Owner {
  /** What `<Owner><ID>` says and `x-amz-expected-bucket-owner` is compared with. */
  readonly id: string;
  readonly displayName: string;
}
