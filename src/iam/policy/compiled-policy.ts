/**
 * A policy, ready to decide. Statements are found by action, then by the name of the principal, then by the begin of
 * the resource, so that the cost of a request does not grow with the statements that say nothing about it.
 */
import { actionGlob } from "./actions.ts";
import { type Condition, compileCondition } from "./condition.ts";
import type { ContextValues } from "./context-values.ts";
import type { Effect, PolicyDocument, Statement } from "./document.ts";
import type { Glob } from "./glob.ts";
import { EVERYBODY } from "./principals.ts";
import { CompiledResources, ResourceIndex } from "./resource-index.ts";

/** One question. */
export interface PolicyRequest {
  /** Every name of the principal (principals.ts). */
  readonly names: readonly string[];
  /** `s3:GetObject`. */
  readonly action: string;
  /** ARN. */
  readonly resource: string;
  readonly context: ContextValues;
}

/** The first denying statement, else the first allowing one. */
export interface PolicyVerdict {
  readonly effect: Effect;
  readonly statement: Statement;
  /** Position in the document. */
  readonly index: number;
}

/** Actions come from a table of the server; a caller with other actions must not fill the memory. */
const ACTIONS_MAX = 512;
const OBJECT_TAGS = /s3:ExistingObjectTag\//i;
/** Statements of a policy that names no principals, and statements with NotPrincipal. */
const WHOEVER = "";

export class CompiledPolicy {
  readonly document: PolicyDocument;
  /** A condition or a policy variable is about the tags of an object. */
  readonly asksForObjectTags: boolean;
  readonly #statements: readonly CompiledStatement[];
  readonly #byAction = new Map<string, ActionIndex>();
  /** Many actions are named by the same statements, and share what is made for these. */
  readonly #byStatements = new Map<string, ActionIndex>();
  #entries = 0;

  constructor(document: PolicyDocument) {
    this.document = document;
    this.asksForObjectTags = document.statements.some(({ conditions, resources }) => {
      const texts = conditions.flatMap(({ key, values }) => [key, ...values]);
      return [...texts, ...resources.patterns].some((text) => OBJECT_TAGS.test(text));
    });
    this.#statements = document.statements.map((statement, index) => {
      return new CompiledStatement(statement, index, document);
    });
  }

  /** @param denyOnly the caller has decided that nothing is allowed. @returns undefined: the policy says nothing */
  decide(request: PolicyRequest, denyOnly = false): PolicyVerdict | undefined {
    const index = this.#indexOf(request.action);
    const decider = index.deny.first(request) ?? (denyOnly ? undefined : index.allow.first(request));
    if (decider === undefined) return undefined;
    const { statement } = decider;
    return { effect: statement.effect, statement, index: decider.index };
  }

  /** How much the indexes hold until now; they grow with the actions that are asked for. */
  get entries(): number {
    return this.#entries;
  }

  #indexOf(action: string): ActionIndex {
    const known = this.#byAction.get(action);
    if (known !== undefined) return known;
    const name = action.toLowerCase();
    const matching = this.#statements.filter((statement) => statement.hasAction(name));
    const made = this.#indexOfStatements(matching);
    if (this.#byAction.size >= ACTIONS_MAX) this.#byAction.clear();
    this.#byAction.set(action, made);
    this.#entries++;
    return made;
  }

  #indexOfStatements(matching: readonly CompiledStatement[]): ActionIndex {
    const name = positionsOf(matching);
    const known = this.#byStatements.get(name);
    if (known !== undefined) return known;
    const made = {
      deny: new EffectIndex(matching.filter(({ statement }) => statement.effect === "Deny")),
      allow: new EffectIndex(matching.filter(({ statement }) => statement.effect === "Allow")),
    };
    this.#byStatements.set(name, made);
    this.#entries += made.deny.entries + made.allow.entries;
    return made;
  }
}

const positionsOf = (statements: readonly CompiledStatement[]): string =>
  statements.map(({ index }) => index).join();

interface ActionIndex {
  readonly deny: EffectIndex;
  readonly allow: EffectIndex;
}

/** The statements of one effect that speak of one action. */
class EffectIndex {
  /** Undefined: no statement names a principal. */
  #byName: Map<string, ResourceIndex<CompiledStatement>> | undefined;
  #whoever: ResourceIndex<CompiledStatement> | undefined;
  /** Of all maps. */
  readonly entries: number;

  constructor(statements: readonly CompiledStatement[]) {
    const byName = new Map<string, CompiledStatement[]>();
    for (const statement of statements) {
      for (const name of statement.principalNames) {
        const list = byName.get(name);
        if (list === undefined) byName.set(name, [statement]);
        else list.push(statement);
      }
    }
    // Principals that are named together share their index.
    const indexes = new Map<string, ResourceIndex<CompiledStatement>>();
    let entries = byName.size;
    for (const [name, list] of byName) {
      const positions = positionsOf(list);
      let index = indexes.get(positions);
      if (index === undefined) {
        index = new ResourceIndex(list.map((value) => ({ value, rule: value.resources })));
        indexes.set(positions, index);
        entries += index.entries;
      }
      if (name === WHOEVER) {
        this.#whoever = index;
      } else {
        this.#byName ??= new Map();
        this.#byName.set(name, index);
      }
    }
    this.entries = entries;
  }

  /** The first statement of the document that applies. */
  first(request: PolicyRequest): CompiledStatement | undefined {
    const [whoever, byName] = [this.#whoever, this.#byName];
    if (whoever === undefined && byName === undefined) return undefined;
    let first: CompiledStatement | undefined;
    const visit = (statement: CompiledStatement): void => {
      if (first !== undefined && first.index <= statement.index) return;
      if (statement.applies(request)) first = statement;
    };
    whoever?.forEach(request.resource, visit);
    if (byName === undefined) return first;
    for (const name of request.names) byName.get(name)?.forEach(request.resource, visit);
    return first;
  }
}

class CompiledStatement {
  readonly statement: Statement;
  readonly index: number;
  readonly resources: CompiledResources;
  readonly #actions: readonly Glob[];
  readonly #conditions: readonly Condition[];
  readonly #excluded: ReadonlySet<string> | undefined;

  constructor(statement: Statement, index: number, { version }: PolicyDocument) {
    const { actions, conditions, principals, resources } = statement;
    this.statement = statement;
    this.index = index;
    this.resources = new CompiledResources(resources, version);
    this.#actions = actions.patterns.map(actionGlob);
    this.#conditions = conditions.map((rule) => compileCondition(rule, version));
    this.#excluded = principals?.not === true ? new Set(principals.names) : undefined;
  }

  /** The names by which an index finds the statement. */
  get principalNames(): readonly string[] {
    const { principals } = this.statement;
    if (principals === undefined || principals.not) return [WHOEVER];
    return principals.names.includes(EVERYBODY) ? [EVERYBODY] : principals.names;
  }

  /** @param name lower case */
  hasAction(name: string): boolean {
    return this.#actions.some((glob) => glob.matches(name)) !== this.statement.actions.not;
  }

  /**
   * The request has the action, and the principal is no other than the index asked for. What depends on a policy
   * variable without value never allows, and denies where its negation would. What depends on a value that is not read
   * yet allows, and does not deny: the question is asked again.
   */
  applies({ names, resource, context }: PolicyRequest): boolean {
    const denies = this.statement.effect === "Deny";
    const excluded = this.#excluded;
    if (excluded !== undefined && names.some((name) => excluded.has(name))) return false;
    const matches = this.resources.decide(resource, context);
    if (matches === "no" || (matches === "unknown" && !denies)) return false;
    for (const condition of this.#conditions) {
      const holds = condition.decide(context);
      if (holds === "no" || holds === (denies ? "pending" : "unknown")) return false;
    }
    return true;
  }
}
