/* test_pool.c - phases: every worker runs once, phases do not overlap, few and many workers, nothing lost in many. */
#include <check.h>
#include <stdatomic.h>

#include "base/pool.h"
#include "unit/evaluate.h"

enum { MOST = 16 };

typedef struct Phase {
  atomic_int runs[MOST], active, most;
} Phase;

static void work(void *self, int worker) {
  Phase *phase = self;
  atomic_fetch_add(&phase->active, 1);
  atomic_fetch_add(&phase->runs[worker], 1);
  atomic_fetch_sub(&phase->active, 1);
}

START_TEST(each_worker_runs_once) {
  for (int threads = 1; threads <= MOST; threads *= 2) {
    Pool *pool = pool_new(threads);
    ck_assert_int_eq(pool_threads(pool), threads);
    for (int count = 0; count <= threads; count++) {
      Phase phase = {0};
      pool_run(pool, count, work, &phase);
      ck_assert_int_eq(atomic_load(&phase.active), 0);
      for (int w = 0; w < MOST; w++) ck_assert_int_eq(atomic_load(&phase.runs[w]), w < (count ? count : threads));
    }
    pool_free(pool);
  }
}
END_TEST

START_TEST(many_short_phases) {
  Pool *pool = pool_new(3);
  Phase phase = {0};
  for (int i = 0; i < 3000; i++) pool_run(pool, i % 4, work, &phase);
  /* i % 4: 0 means all three */
  ck_assert_int_eq(atomic_load(&phase.runs[0]), 3000);
  ck_assert_int_eq(atomic_load(&phase.runs[1]), 2250);
  ck_assert_int_eq(atomic_load(&phase.runs[2]), 1500);
  pool_free(pool);
}
END_TEST

START_TEST(odd_numbers) {
  Pool *pool = pool_new(0);
  Phase phase = {0};
  ck_assert_int_eq(pool_threads(pool), 1);
  pool_run(pool, 100, work, &phase);
  ck_assert_int_eq(atomic_load(&phase.runs[0]), 1);
  pool_free(pool);
  pool_free(NULL);
  pool_free(pool_new(8)); /* no thread was started */
}
END_TEST

int main(void) {
  Suite *suite = suite_create("pool");
  TCase *tests = tcase_create("pool");
  suite_add_tcase(suite, tests);
  tcase_set_timeout(tests, 60);
  tcase_add_test(tests, each_worker_runs_once);
  tcase_add_test(tests, many_short_phases);
  tcase_add_test(tests, odd_numbers);
  return run_suite(suite);
}
