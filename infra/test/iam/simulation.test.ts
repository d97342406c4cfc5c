/** Requests against all synthesised policies together: organization, endpoint, identity, resource, session. */
import { describe, expect, it } from 'vitest';
import { readTemplates } from '../support/assemblies.ts';
import { requests } from './requests.ts';
import { simulate } from './world.ts';

const templates = readTemplates('example');

describe('[SEC-4] who reaches what', () => {
  it('is asked of at least forty requests, allowed ones among them', () => {
    expect(requests.length).toBeGreaterThanOrEqual(40);
    expect(requests.filter(({ outcome }) => outcome === 'allowed').length).toBeGreaterThanOrEqual(15);
    expect(new Set(requests.map(({ name }) => name)).size).toBe(requests.length);
  });
  it.each(requests)('$outcome: $name', ({ asked, outcome }) => {
    const resource = typeof asked.resource === 'string' ? asked.resource : asked.resource(templates);
    const decision = simulate(templates, { ...asked, resource });
    expect(decision.allowed ? 'allowed' : decision.layer).toBe(outcome);
  });
});
