/* compute.h - what the files that compute stores share; for files of engine/ only. */
#ifndef ENGINE_COMPUTE_H
#define ENGINE_COMPUTE_H

#include "engine/pass.h"
#include "engine/store.h"

/* A consumer that keeps rows, partition by partition, in a store. */
typedef struct Keeper {
  Consumer consumer;
  Dataset *node;
  Store *store;
  const uint32_t *parts; /* the node's partition for each of the pass; NULL: the same */
  Builder *builders;
  size_t room;
  uint64_t enough;       /* LIMIT: pause at so many rows; 0: never */
  /* DISTINCT, SAMPLE: keep[i] for each row of a view; NULL: all. at: rows of the morsel before this view */
  void (*choose)(void *self, Worker *worker, const Morsel *morsel, View *view, uint32_t at, uint8_t *keep);
  void *choose_self;
  uint32_t *at; /* of each worker: rows of the morsel seen so far */
} Keeper;

void keeper_init(Keeper *keeper, Dataset *node, Store *store, const uint32_t *parts);
void keeper_free(Keeper *keeper);
/* Runs a pass to its end, spilling the store whenever the consumer is full. */
DcCode run_spilling(Pass *pass, Consumer *consumer, Store *store, DcError *err) DC_MUST_CHECK;
/* The node's input, computed into its store as a whole, so that Morsel.row numbers its rows; lent. */
DcCode input_stored(Dataset *node, Dataset **out, DcError *err) DC_MUST_CHECK;
/* All rows of a made node (pass_open_below gives them) into its store. */
DcCode compute_made(Dataset *node, DcError *err) DC_MUST_CHECK;

/* Each fills node->store, which is there and empty; node->done and the input are the caller's business. */
DcCode compute_group(Dataset *node, DcError *err) DC_MUST_CHECK;     /* group.c */
DcCode compute_distinct(Dataset *node, DcError *err) DC_MUST_CHECK;  /* distinct.c; it may put another store in its place */
DcCode compute_window(Dataset *node, DcError *err) DC_MUST_CHECK;    /* window.c */
DcCode compute_union_set(Dataset *node, DcError *err) DC_MUST_CHECK; /* join.c: UNION XOR and AND */
DcCode compute_transform(Dataset *node, DcError *err) DC_MUST_CHECK; /* transform_run.c */

#endif
