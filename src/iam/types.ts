/** Users, and the view of users that authorises requests. */

/**
 * 64 lower-case hex digits, as S3 shows canonical user ids. The id stays the same when the access keys of the user
 * change.
 */
export type UserId = string;

/** Every user is like an AWS account of its own. */
export interface User {
  readonly id: UserId;
  /** Unique; root's is `root`. */
  readonly name: string;
  /** 12 digits, derived from the id (account-id.ts): how policies and `x-amz-expected-bucket-owner` name the user. */
  readonly accountId: string;
  readonly displayName: string;
}

/** A named policy that is attached to a user, or to a group of the user. */
export interface AttachedPolicy {
  readonly name: string;
  /** The document as it was given. The object stays the same while the text does: its identity is a cache key. */
  readonly text: string;
}

/** Every request consults the view, so the view answers at once, from memory. */
export interface IamView {
  /** The user with the configured access key. Root owns what no user owns. */
  readonly root: User;
  /** undefined: there is no user of this id. */
  user(id: UserId): User | undefined;
  /** The policies of the user and of its groups. Empty for root, and for an unknown user. */
  policiesOf(id: UserId): readonly AttachedPolicy[];
}
