/** The root: which of the three screens there is. */
import { useMemo } from 'react';
import { account, signOut, updateMe } from './account/account.ts';
import { SignInScreen, StartScreen } from './account/sign-in-screen.tsx';
import { AppContext } from './app-context.ts';
import { Shell } from './shell/shell.tsx';
import { useStore } from './use-store.ts';

export function App() {
  const state = useStore(account);
  const context = useMemo<AppContext | undefined>(
    () =>
      state.status === 'signed_in'
        ? { me: state.me, session: state.session, api: state.api, config: state.config, signOut, updateMe }
        : undefined,
    [state],
  );
  if (context !== undefined) {
    return (
      <AppContext value={context}>
        <Shell />
      </AppContext>
    );
  }
  if (state.status === 'signed_out') return <SignInScreen state={state} />;
  return <StartScreen unreachable={state.status === 'unreachable'} />;
}
