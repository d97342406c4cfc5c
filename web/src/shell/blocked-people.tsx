/** Who cannot write to me directly, and the way back. */
import { useEffect, useState } from 'react';
import type { PublicUser } from '#protocol/shapes';
import { useApp } from '../app-context.ts';
import { attempt } from '../notices.ts';
import { Monogram } from '../ui/monogram.tsx';
import { blockedPeople } from './blocked.ts';

export function BlockedPeople() {
  const { api } = useApp();
  const [people, setPeople] = useState<readonly PublicUser[]>([]);
  useEffect(() => {
    let gone = false;
    blockedPeople(api).then(
      (blocked) => {
        if (!gone) setPeople(blocked);
      },
      () => undefined, // the section stays away
    );
    return () => {
      gone = true;
    };
  }, [api]);
  if (people.length === 0) return null;
  const unblock = async (person: PublicUser): Promise<void> => {
    if (!(await attempt('Nothing was changed.', () => api.unblock(person.handle)))) return;
    setPeople((before) => before.filter(({ uuid }) => uuid !== person.uuid));
  };
  return (
    <section className="section">
      <h3>Blocked</h3>
      <ul className="people">
        {people.map((person) => (
          <li key={person.uuid} className="person">
            <Monogram name={person.display_name} id={person.uuid} small />
            <span className="person-name">
              <bdi>{person.display_name}</bdi>
              <span className="mono">@{person.handle}</span>
            </span>
            <button type="button" className="button" onClick={() => unblock(person)}>
              Unblock
            </button>
          </li>
        ))}
      </ul>
    </section>
  );
}
