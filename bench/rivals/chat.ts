/** A chat server as the comparison with XMPP sees it: people connect, messages are stored and delivered, archives are read. */

export interface ChatClient {
  /** Resolves when the server has taken it, where its protocol says so. */
  send(to: string, id: string, text: string): Promise<void>;
  /** Resolves when the message of that id has come to this connection; ask before it is sent. */
  delivered(id: string): Promise<void>;
  /** The newest 20 of the conversation with another; the count. */
  page(other: string): Promise<number>;
  close(): void;
}

export interface ChatServer {
  readonly name: string;
  readonly version: string;
  readonly processes: readonly number[];
  /** Makes accounts for people, and what else they need before they connect. */
  prepare(pairs: readonly (readonly [string, string])[]): Promise<void>;
  connect(person: string): Promise<ChatClient>;
  /** Of everything that the server keeps. */
  diskBytes(): number;
  stop(): Promise<void>;
}

export type StartChatServer = () => Promise<ChatServer | { readonly skipped: string }>;
