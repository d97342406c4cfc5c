/** Starts the app in the page. */
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { start } from './account/account.ts';
import { App } from './app.tsx';
import './styles/tokens.css';
import './styles/base.css';
import './styles/controls.css';
import './styles/shell.css';
import './styles/inbox.css';
import './styles/conversation.css';
import './styles/log.css';
import './styles/entry.css';
import './styles/composer.css';
import './styles/dialogs.css';

const root = document.getElementById('app');
if (root === null) throw new Error('the page has no place for the app');
createRoot(root).render(
  <StrictMode>
    <App />
  </StrictMode>,
);
void start();
