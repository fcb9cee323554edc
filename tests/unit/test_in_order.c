/* Items that workers bring in any order are handed on in the order of their numbers, one at a time. */
#include <check.h>
#include <stdlib.h>
#include <unistd.h>

#include "engine/in_order.h"

enum { ITEMS = 2000 };

typedef struct Number {
  InOrderItem item;
} Number;

typedef struct Bench {
  Engine *engine;
  InOrder queue;
  atomic_uint next;     /* who brings what */
  atomic_int inside;    /* in hand_on */
  uint64_t expected, fail_at;
  unsigned handed, freed;
  atomic_int failures;
} Bench;

static DcCode hand_on(void *self, int worker, InOrderItem *item, DcError *err) {
  Bench *bench = self;
  (void)worker;
  ck_assert_int_eq(atomic_fetch_add(&bench->inside, 1), 0);
  ck_assert_uint_eq(item->seq, bench->expected++);
  bench->handed++;
  DcCode code = item->seq == bench->fail_at ? dc_fail(err, "no") : DC_OK;
  if (item->seq % 97 == 0) usleep(200);
  atomic_fetch_sub(&bench->inside, 1);
  return code;
}

static void free_item(void *self, InOrderItem *item) {
  ((Bench *)self)->freed++;
  free(item);
}

/* Numbers are swapped within groups of eight, so that most come before their turn. */
static void work(void *argument, int worker) {
  Bench *bench = argument;
  for (;;) {
    unsigned at = atomic_fetch_add(&bench->next, 1);
    if (at >= ITEMS) break;
    Number *number = (Number *)in_order_get(&bench->queue);
    if (!number) number = calloc(1, sizeof *number);
    DcError err = {0};
    number->item.seq = (at & ~7u) | (7 - (at & 7));
    number->item.bytes = 100;
    if (in_order_put(&bench->queue, worker, &number->item, &err) != DC_OK) atomic_fetch_add(&bench->failures, 1);
  }
}

static void run(Bench *bench, size_t room) {
  EngineOptions options = {.threads = 4, .memory = 64 << 20, .max_bad_records = UINT64_MAX};
  DcError err = {0};
  ck_assert_int_eq(engine_new(&options, &bench->engine, &err), DC_OK);
  in_order_init(&bench->queue, bench->engine, room, hand_on, bench);
  pool_run(bench->engine->pool, 0, work, bench);
}

static void end(Bench *bench) {
  in_order_deinit(&bench->queue, free_item);
  ck_assert_uint_eq(budget_used(bench->engine->budget), 0);
  engine_free(bench->engine);
}

START_TEST(in_the_order_of_numbers) {
  Bench bench = {.fail_at = UINT64_MAX};
  run(&bench, _i ? 300 : SIZE_MAX);
  ck_assert_uint_eq(bench.handed, ITEMS);
  ck_assert_int_eq(atomic_load(&bench.failures), 0);
  end(&bench);
}
END_TEST

START_TEST(nothing_behind_a_failure) {
  Bench bench = {.fail_at = 1000};
  run(&bench, 300);
  ck_assert_uint_eq(bench.handed, 1001);
  ck_assert_int_eq(atomic_load(&bench.failures), 1);
  end(&bench);
  ck_assert_uint_gt(bench.freed, 0);
}
END_TEST

int main(void) {
  Suite *suite = suite_create("in_order");
  TCase *tests = tcase_create("in_order");
  tcase_add_loop_test(tests, in_the_order_of_numbers, 0, 2);
  tcase_add_test(tests, nothing_behind_a_failure);
  suite_add_tcase(suite, tests);
  SRunner *runner = srunner_create(suite);
  srunner_set_fork_status(runner, CK_NOFORK);
  srunner_run_all(runner, CK_NORMAL);
  int failed = srunner_ntests_failed(runner);
  srunner_free(runner);
  return failed != 0;
}
