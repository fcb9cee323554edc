/* test_budget.c - the account of large memory: sizes, alignment, spare bytes, peaks, charges, failures on demand, threads. */
#include <check.h>

#include "base/budget.h"
#include "base/pool.h"
#include "unit/evaluate.h"

enum { LIMIT = 1 << 20, THREADS = 4, ROUNDS = 2000 };

static Slab *need(Budget *budget, size_t size) {
  Slab *slab;
  DcError err = {0};
  ck_assert_int_eq(slab_new(budget, size, "test", &slab, &err), DC_OK);
  return slab;
}

START_TEST(counts_what_is_used) {
  static const size_t sizes[] = {0, 1, 63, 64, 1000, 4096, 100000, 3 << 20};
  Budget *budget = budget_new(LIMIT);
  ck_assert_uint_eq(budget_limit(budget), LIMIT);
  for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
    Slab *slab = need(budget, sizes[i]); /* more than the limit is no error */
    ck_assert_uint_ge(slab->size, sizes[i]);
    ck_assert_uint_eq((uintptr_t)slab->data % 64, 0);
    memset(slab->data, 7, slab->size + 64);
    ck_assert_uint_ge(budget_used(budget), sizes[i]);
    ck_assert_ptr_eq(slab_ref(slab), slab);
    slab_unref(slab);
    ck_assert_uint_ge(budget_used(budget), sizes[i]);
    slab_unref(slab);
    ck_assert_uint_eq(budget_used(budget), 0);
  }
  ck_assert_uint_ge(budget_peak(budget), 3 << 20);
  budget_reset_peak(budget);
  ck_assert_uint_lt(budget_peak(budget), 3 << 20);
  slab_unref(NULL);
  budget_free(budget);
}
END_TEST

START_TEST(charges_come_and_go) {
  Budget *budget = budget_new(LIMIT);
  budget_charge(budget, 1000);
  budget_charge(budget, 500);
  ck_assert_uint_eq(budget_used(budget), 1500);
  budget_charge(budget, -1500);
  ck_assert_uint_eq(budget_used(budget), 0);
  ck_assert_uint_ge(budget_peak(budget), 1500);
  budget_free(budget);
}
END_TEST

START_TEST(fails_when_told) {
  Budget *budget = budget_new(LIMIT);
  Slab *slab, *first, *last;
  DcError err = {0};
  budget_fail_after(budget, 2);
  first = need(budget, 10);
  ck_assert_int_eq(slab_new(budget, 10, "the rows of x", &slab, &err), DC_FAIL);
  ck_assert_ptr_nonnull(strstr(err.message, "the rows of x"));
  last = need(budget, 10);
  slab_unref(first);
  slab_unref(last);
  ck_assert_uint_eq(budget_used(budget), 0);
  budget_free(budget);
}
END_TEST

START_TEST(refuses_what_the_system_refuses) {
  Budget *budget = budget_new(LIMIT);
  Slab *slab;
  DcError err = {0};
  ck_assert_int_eq(slab_new(budget, SIZE_MAX / 4, "too much", &slab, &err), DC_FAIL);
  ck_assert_uint_eq(budget_used(budget), 0);
  budget_free(budget);
}
END_TEST

static void churn(void *self, int worker) {
  Budget *budget = self;
  Slab *held[4] = {NULL, NULL, NULL, NULL};
  for (int i = 0; i < ROUNDS; i++) {
    Slab **place = &held[i % 4];
    if (*place) ck_assert_int_eq((*place)->data[0], worker);
    slab_unref(*place);
    *place = need(budget, (size_t)((i * 37 + worker * 11) % 60000) + 1);
    (*place)->data[0] = (char)worker;
  }
  for (int i = 0; i < 4; i++) slab_unref(held[i]);
}

START_TEST(threads_share_it) {
  Budget *budget = budget_new(LIMIT);
  Pool *pool = pool_new(THREADS);
  pool_run(pool, 0, churn, budget);
  ck_assert_uint_eq(budget_used(budget), 0);
  pool_free(pool);
  budget_free(budget);
}
END_TEST

int main(void) {
  Suite *suite = suite_create("budget");
  TCase *tests = tcase_create("budget");
  suite_add_tcase(suite, tests);
  tcase_set_timeout(tests, 60);
  tcase_add_test(tests, counts_what_is_used);
  tcase_add_test(tests, charges_come_and_go);
  tcase_add_test(tests, fails_when_told);
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__) /* they stop at such a request */
  tcase_add_test(tests, refuses_what_the_system_refuses);
#else
  (void)refuses_what_the_system_refuses;
#endif
  tcase_add_test(tests, threads_share_it);
  return run_suite(suite);
}
