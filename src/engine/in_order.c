/* in_order.c - items in the order of their numbers, whoever brings them. */
#include "engine/in_order.h"

void in_order_init(InOrder *queue, Engine *engine, size_t room, InOrderFn hand_on, void *self) {
  *queue = (InOrder){.engine = engine, .room = room, .hand_on = hand_on, .self = self};
  pthread_mutex_init(&queue->lock, NULL);
  pthread_cond_init(&queue->less, NULL);
}

InOrderItem *in_order_get(InOrder *queue) {
  pthread_mutex_lock(&queue->lock);
  InOrderItem *item = queue->free;
  if (item) queue->free = item->next;
  pthread_mutex_unlock(&queue->lock);
  return item;
}

static void keep_free(InOrder *queue, InOrderItem *item) {
  item->next = queue->free;
  queue->free = item;
}

/* With the lock held: the item belongs to those that wait, in order. */
static void put_waiting(InOrder *queue, InOrderItem *item) {
  InOrderItem **link = &queue->waiting;
  while (*link && (*link)->seq < item->seq) link = &(*link)->next;
  item->next = *link;
  *link = item;
  queue->bytes += item->bytes;
  budget_charge(queue->engine->budget, (int64_t)item->bytes);
}

static InOrderItem *take_first(InOrder *queue) {
  InOrderItem *item = queue->waiting;
  queue->waiting = item->next;
  queue->bytes -= item->bytes;
  budget_charge(queue->engine->budget, -(int64_t)item->bytes);
  return item;
}

/* With the lock held on entry and on return, not while items are handed on. */
static DcCode hand_on_all(InOrder *queue, int worker, DcError *err) {
  DcCode code = DC_OK;
  queue->busy = true;
  while (queue->waiting && (queue->failed || queue->waiting->seq == queue->next)) {
    InOrderItem *item = take_first(queue);
    bool dropped = queue->failed;
    pthread_cond_broadcast(&queue->less);
    pthread_mutex_unlock(&queue->lock);
    if (!dropped) code = queue->hand_on(queue->self, worker, item, err);
    pthread_mutex_lock(&queue->lock);
    queue->next++;
    queue->failed = queue->failed || code != DC_OK;
    keep_free(queue, item);
  }
  queue->busy = false;
  pthread_cond_broadcast(&queue->less);
  return code;
}

DcCode in_order_put(InOrder *queue, int worker, InOrderItem *item, DcError *err) {
  pthread_mutex_lock(&queue->lock);
  put_waiting(queue, item);
  DcCode code = DC_OK;
  if (!queue->busy) code = hand_on_all(queue, worker, err);
  else
    while (queue->busy && queue->bytes > queue->room) pthread_cond_wait(&queue->less, &queue->lock);
  pthread_mutex_unlock(&queue->lock);
  return code;
}

void in_order_deinit(InOrder *queue, void (*free_item)(void *self, InOrderItem *item)) {
  while (queue->waiting) free_item(queue->self, take_first(queue));
  for (InOrderItem *item; (item = queue->free);) {
    queue->free = item->next;
    free_item(queue->self, item);
  }
  pthread_cond_destroy(&queue->less);
  pthread_mutex_destroy(&queue->lock);
}
