/** The only bridge between the view-models, which live outside React, and components. */
import { useSyncExternalStore } from 'react';
import type { Observable } from '#client/signal';

/** Renders again whenever the model's snapshot is another object. */
export const useStore = <Snapshot>(model: Observable<Snapshot>): Snapshot =>
  useSyncExternalStore(model.subscribe, model.getSnapshot);

/** Renders again only when this part is another: `select` gives a primitive, or an object that the model keeps. */
export const usePart = <Snapshot, Part>(model: Observable<Snapshot>, select: (snapshot: Snapshot) => Part): Part =>
  useSyncExternalStore(model.subscribe, () => select(model.getSnapshot()));
