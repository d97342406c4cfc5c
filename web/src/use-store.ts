/** The only bridge between the view-models, which live outside React, and components. */
import { useSyncExternalStore } from 'react';
import type { Observable } from '#client/signal';

/** Renders again whenever the model's snapshot is another object. */
export const useStore = <Snapshot>(model: Observable<Snapshot>): Snapshot =>
  useSyncExternalStore(model.subscribe, model.getSnapshot);
