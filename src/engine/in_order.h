/* in_order.h - what workers make of morsels, handed on one after another in the order of the morsels.
 *
 * Whoever brings the item whose turn it is hands it on, and all behind it that wait already, while the others go on with
 * their morsels; they wait only when much lies here and somebody is at handing on.
 */
#ifndef ENGINE_IN_ORDER_H
#define ENGINE_IN_ORDER_H

#include <pthread.h>

#include "engine/engine.h"

typedef struct InOrderItem InOrderItem;
struct InOrderItem { /* the head of the caller's struct */
  uint64_t seq;
  size_t bytes; /* as counted against the room; the budget is charged while the item waits */
  InOrderItem *next;
};

/* Hands an item on; called for one at a time, by the thread of `worker`. The item goes back to the free ones afterwards. */
typedef DcCode (*InOrderFn)(void *self, int worker, InOrderItem *item, DcError *err);

typedef struct InOrder {
  Engine *engine;
  InOrderFn hand_on;
  void *self;
  pthread_mutex_t lock;
  pthread_cond_t less; /* waiting items have become fewer, or nobody hands on any more */
  uint64_t next;       /* whose turn it is */
  bool busy, failed;
  InOrderItem *waiting; /* by seq */
  InOrderItem *free;
  size_t bytes, room;
} InOrder;

void in_order_init(InOrder *queue, Engine *engine, size_t room, InOrderFn hand_on, void *self);
/* A free item, as it was left (its memory may be used again), or NULL. */
InOrderItem *in_order_get(InOrder *queue);
/* Takes the item over. Sequence numbers begin at 0 and have no gap. After a failure items are dropped. */
DcCode in_order_put(InOrder *queue, int worker, InOrderItem *item, DcError *err) DC_MUST_CHECK;
/* Gives every item, waiting or free, to free_item. */
void in_order_deinit(InOrder *queue, void (*free_item)(void *self, InOrderItem *item));

#endif
