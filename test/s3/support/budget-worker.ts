/** Takes and gives back space of a shared budget as fast as it can, in a Worker of its own. */
import { AdmissionBudget, type BudgetShare } from "../../../src/s3/content/admission-budget.ts";
import { hammer } from "./hammer.ts";

declare const self: Worker;
self.onmessage = ({ data }) => {
  self.postMessage(hammer(new AdmissionBudget(data as BudgetShare)));
};
