/** What every screen behind the sign-in has: who I am, the view-models, and the typed calls for the rest. */
import { createContext, useContext } from 'react';
import type { Api } from '#client/http';
import type { Session } from '#client/view';
import type { User } from '#protocol/shapes';
import type { Config } from './account/config.ts';

export interface AppContext {
  readonly me: User;
  readonly session: Session;
  readonly api: Api;
  readonly config: Config;
  readonly signOut: () => void;
  /** After a change of the own profile. */
  readonly updateMe: (user: User) => void;
}

export const AppContext = createContext<AppContext | undefined>(undefined);

/** Only below the sign-in; elsewhere it is a programmer's error. */
export function useApp(): AppContext {
  const context = useContext(AppContext);
  if (context === undefined) throw new Error('useApp is for components of a signed-in screen');
  return context;
}
