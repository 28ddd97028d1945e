import { EditOnce, type Consumer, type Processor } from '#component';
import { TABLE_MAX, type LogBatch, type Origin } from '#model';
import { compileAttributeActions, type ActionConfig, type AttributeAction } from '#operators';
import { ResourceAttributes } from './resource-attributes.ts';

export interface ResourceConfig {
  attributes: ActionConfig[];
}

/**
 * Edits the resources of a batch, each once however many records refer to it. A resource that comes again, in this batch
 * or a later one, becomes the same object again, so that records stay together in one ResourceLogs.
 */
export class ResourceProcessor implements Processor {
  readonly mutates = true;
  readonly touches = 'rows';
  readonly #actions: readonly AttributeAction[];
  readonly #edited = new WeakMap<Origin, Origin>();
  readonly #editing: EditOnce;

  constructor(config: ResourceConfig, next: Consumer) {
    this.#actions = compileAttributeActions(config.attributes);
    this.#editing = new EditOnce(next, (batch) => this.#edit(batch));
  }

  async start(): Promise<void> {}

  consume(batch: LogBatch): Promise<void> {
    return this.#editing.consume(batch);
  }

  async shutdown(): Promise<void> {}

  #edit(batch: LogBatch): void {
    const { resources } = batch;
    for (let index = 1; index < resources.length; index++) resources[index] = this.#editedOf(resources[index] as Origin);
    const first = resources[0] as Origin;
    const edited = this.#editedOf(first);
    if (edited !== first && hasRowsOf(batch, 0)) moveRows(batch, 0, edited);
  }

  #editedOf(resource: Origin): Origin {
    let edited = this.#edited.get(resource);
    if (!edited) {
      const attributes = new ResourceAttributes(resource);
      for (const action of this.#actions) action.apply(attributes);
      edited = attributes.toResource();
      this.#edited.set(resource, edited);
    }
    return edited;
  }
}

function hasRowsOf({ resourceOf, length }: LogBatch, index: number): boolean {
  const at = resourceOf.indexOf(index);
  return at >= 0 && at < length;
}

/** Entry 0 is the same in all batches and stays when one is emptied, so that its rows must be given another entry. */
function moveRows(batch: LogBatch, from: number, resource: Origin): void {
  const { resources, resourceOf, length } = batch;
  // A full table has no room for one more, but then some other entry is equal, or a batch has 65,535 resources.
  const index = resources.length < TABLE_MAX ? batch.addResource(resource) : resources.indexOf(resource);
  if (index < 0) return;
  for (let row = 0; row < length; row++) if (resourceOf[row] === from) resourceOf[row] = index;
}
