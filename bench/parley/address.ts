/** Where the standalone server says it is: `Parley is at http://127.0.0.1:3000`. */
export const portInAddress = (line: string): { readonly port: number } | undefined => {
  const port = /http:\/\/\S+:(\d+)/.exec(line)?.[1];
  return port === undefined ? undefined : { port: Number(port) };
};
