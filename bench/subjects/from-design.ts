/** A design on DynamoDB as a subject: its consumer runs beside the sends, and a send counts as done when inboxes are current. */
import type { StartSubject } from '../harness/subject.ts';
import { peopleOf, pick } from '../harness/world.ts';
import type { StartDesign } from '../rivals/design.ts';

/** How long a consumer waits when the stream had nothing; short, so that what is measured is the work and not the wait. */
const idleMs = 5;

export const fromDesign =
  (startDesign: StartDesign): StartSubject =>
  async ({ world, random }) => {
    const design = await startDesign();
    if ('skipped' in design) return design;
    const conversations = await design.load(world);
    const pairs = world.pairs.map((pair, n) => ({ ...pair, conversation: conversations[n] ?? '' }));
    // Microseconds, as the course's own clock has: performance.now() counts them.
    const node = design.node(() => performance.timeOrigin + performance.now());
    let open = true;
    let emptyReads = 0;
    const consume = async (): Promise<void> => {
      while (open) {
        if ((await design.fanOut()) > 0) continue;
        emptyReads += 1;
        await new Promise((resolve) => setTimeout(resolve, idleMs));
      }
    };
    const consumed = consume();
    let sent = 0;
    return {
      versions: design.versions,
      operations: {
        send: () => {
          const pair = pick(pairs, random);
          const author = peopleOf(world, pair)[sent % 2 === 0 ? 0 : 1];
          sent += 1;
          return node.send(author, pair.conversation, world.text(sent));
        },
        page: async () => {
          const pair = pick(pairs, random);
          const page = await node.page(peopleOf(world, pair)[0], pair.conversation);
          if (page?.length !== 20) throw new Error(`a page of ${page?.length}`);
        },
        inbox: async () => {
          const lines = await node.inbox(pick(world.people, random));
          // The course's rows can replace each other or be gone; what its inbox still has is counted by the experiments.
          if (lines.length === 0) throw new Error('an empty inbox');
        },
      },
      settle: async () => {
        // The read under way may have begun before the last send: two empty ones have not.
        const until = emptyReads + 2;
        while (emptyReads < until) await Promise.race([consumed, new Promise((resolve) => setTimeout(resolve, 1))]);
      },
      processes: design.processes,
      close: async () => {
        open = false;
        await consumed;
        await design.close();
      },
    };
  };
