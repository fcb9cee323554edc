/* aggregate.c - the rows of the aggregates. What they do is in engine/aggregate.c; called without a dataset they can only
 * fail. MIN, MAX, MEAN and MEDIAN, which also work on one record, are in math.c. The example of an aggregate is a call
 * over a dataset x with the values of an array: "SUM(x) over [1, 2]".
 */
#include "pkg/packages.h"

static DcCode fn_aggregate(CallContext *cx, const Value *args, int count, Value *result) {
  (void)args, (void)count, (void)result;
  return dc_fail(cx->err, "this function takes the records of a dataset: it needs a SELECT");
}

static const Function rows[] = {
    {.name = "COUNT", .signature = "* | x | DISTINCT x", .min_args = 1, .max_args = 1, .handles_null = true, .aggregate = true, .special = SPECIAL_COUNT_STAR, .call = fn_aggregate,
     .doc = "How many records there are in the group; of x, how many that are not NULL.", .example = "COUNT(x) over [5, NULL, 5]", .result = "2"},
    {.name = "COUNT_IF", .signature = "condition", .min_args = 1, .max_args = 1, .handles_null = true, .aggregate = true, .special = SPECIAL_COUNT_STAR, .call = fn_aggregate,
     .doc = "How many records fulfil the condition.", .example = "COUNT_IF(x > 1) over [1, 2, 3]", .result = "2"},
    {.name = "COUNT_DISTINCT", .signature = "x", .min_args = 1, .max_args = 1, .handles_null = true, .aggregate = true, .special = SPECIAL_COUNT_STAR, .call = fn_aggregate,
     .doc = "How many different values there are, NULL left out; the same as COUNT(DISTINCT x).", .example = "COUNT_DISTINCT(x) over [5, 7, NULL, 5]", .result = "2"},
    {.name = "APPROX_DISTINCT", .signature = "x", .min_args = 1, .max_args = 1, .handles_null = true, .aggregate = true, .special = SPECIAL_COUNT_STAR, .call = fn_aggregate,
     .doc = "About how many different values there are (HyperLogLog, standard error 1.6 %), in 4 KiB a group.", .example = "APPROX_DISTINCT(x) over [5, 7, 5]", .result = "2"},
    {.name = "SUM", .signature = "x | DISTINCT x", .min_args = 1, .max_args = 1, .handles_null = true, .aggregate = true, .special = SPECIAL_COUNT_STAR, .call = fn_aggregate,
     .doc = "The sum, exact for integers and decimals; of doubles rounded once, whatever their order. NULL if there is no value.", .example = "SUM(x) over [1, 2, NULL, '3']", .result = "6"},
    {.name = "AVG", .signature = "x | DISTINCT x", .min_args = 1, .max_args = 1, .handles_null = true, .aggregate = true, .special = SPECIAL_COUNT_STAR, .call = fn_aggregate,
     .doc = "The mean of the values that are not NULL, as a double.", .example = "AVG(x) over [1, 2, NULL]", .result = "1.5"},
    {.name = "VARIANCE", .signature = "x", .min_args = 1, .max_args = 1, .handles_null = true, .aggregate = true, .special = SPECIAL_COUNT_STAR, .call = fn_aggregate,
     .doc = "The variance of a sample (divided by n - 1); NULL for fewer than 2 values.", .example = "VARIANCE(x) over [1, 2, 3, 4]", .result = "1.6666666666666667"},
    {.name = "VAR_SAMP", .signature = "x", .min_args = 1, .max_args = 1, .handles_null = true, .aggregate = true, .special = SPECIAL_COUNT_STAR, .call = fn_aggregate,
     .doc = "The same as VARIANCE.", .example = "VAR_SAMP(x) over [1, 3]", .result = "2.0"},
    {.name = "VAR_POP", .signature = "x", .min_args = 1, .max_args = 1, .handles_null = true, .aggregate = true, .special = SPECIAL_COUNT_STAR, .call = fn_aggregate,
     .doc = "The variance of a population (divided by n).", .example = "VAR_POP(x) over [1, 3]", .result = "1.0"},
    {.name = "STDDEV", .signature = "x", .min_args = 1, .max_args = 1, .handles_null = true, .aggregate = true, .special = SPECIAL_COUNT_STAR, .call = fn_aggregate,
     .doc = "The standard deviation of a sample: the root of VARIANCE.", .example = "STDDEV(x) over [1, 5, 9]", .result = "4.0"},
    {.name = "STDDEV_SAMP", .signature = "x", .min_args = 1, .max_args = 1, .handles_null = true, .aggregate = true, .special = SPECIAL_COUNT_STAR, .call = fn_aggregate,
     .doc = "The same as STDDEV.", .example = "STDDEV_SAMP(x) over [1, 5, 9]", .result = "4.0"},
    {.name = "STDDEV_POP", .signature = "x", .min_args = 1, .max_args = 1, .handles_null = true, .aggregate = true, .special = SPECIAL_COUNT_STAR, .call = fn_aggregate,
     .doc = "The standard deviation of a population: the root of VAR_POP.", .example = "STDDEV_POP(x) over [1, 3]", .result = "1.0"},
    {.name = "QUANTILE", .signature = "x, q", .min_args = 2, .max_args = 2, .handles_null = true, .aggregate = true, .special = SPECIAL_COUNT_STAR, .call = fn_aggregate,
     .doc = "The value below which a share q (0 … 1) of the values lies, interpolated between the two nearest; exact.", .example = "QUANTILE(x, 0.25) over [1, 2, 3]", .result = "1.5"},
    {.name = "MODE", .signature = "x", .min_args = 1, .max_args = 1, .handles_null = true, .aggregate = true, .special = SPECIAL_COUNT_STAR, .call = fn_aggregate,
     .doc = "The most frequent value; of several the one that comes first.", .example = "MODE(x) over [1, 2, 2, 3]", .result = "2"},
    {.name = "FIRST", .signature = "x", .min_args = 1, .max_args = 1, .handles_null = true, .aggregate = true, .special = SPECIAL_COUNT_STAR, .call = fn_aggregate,
     .doc = "The value of the group's first record, also if it is NULL.", .example = "FIRST(x) over [7, 5]", .result = "7"},
    {.name = "LAST", .signature = "x", .min_args = 1, .max_args = 1, .handles_null = true, .aggregate = true, .special = SPECIAL_COUNT_STAR, .call = fn_aggregate,
     .doc = "The value of the group's last record, also if it is NULL.", .example = "LAST(x) over [7, 5]", .result = "5"},
    {.name = "ANY_VALUE", .signature = "x", .min_args = 1, .max_args = 1, .handles_null = true, .aggregate = true, .special = SPECIAL_COUNT_STAR, .call = fn_aggregate,
     .doc = "The first value that is not NULL.", .example = "ANY_VALUE(x) over [NULL, 5]", .result = "5"},
    {.name = "ARG_MIN", .signature = "x, by", .min_args = 2, .max_args = 2, .handles_null = true, .aggregate = true, .special = SPECIAL_COUNT_STAR, .call = fn_aggregate,
     .doc = "The x of the record with the least `by`; of several the first. Records where either is NULL are left out.", .example = "ARG_MIN(x, -x) over [1, 3, 2]", .result = "3"},
    {.name = "ARG_MAX", .signature = "x, by", .min_args = 2, .max_args = 2, .handles_null = true, .aggregate = true, .special = SPECIAL_COUNT_STAR, .call = fn_aggregate,
     .doc = "The x of the record with the greatest `by`; of several the first. Records where either is NULL are left out.", .example = "ARG_MAX(x, -x) over [2, 1, 3]", .result = "1"},
    {.name = "ARRAY_AGG", .signature = "x | DISTINCT x", .min_args = 1, .max_args = 1, .handles_null = true, .aggregate = true, .special = SPECIAL_COUNT_STAR, .call = fn_aggregate,
     .doc = "All values in dataset order as an ARRAY, NULLs too (not with DISTINCT); NULL if there is no record.", .example = "ARRAY_AGG(x) over [3, NULL, 1]", .result = "[3, null, 1]"},
    {.name = "STRING_AGG", .signature = "x [, separator]", .min_args = 1, .max_args = 2, .handles_null = true, .aggregate = true, .special = SPECIAL_COUNT_STAR, .call = fn_aggregate,
     .doc = "The texts of all values that are not NULL, in dataset order, with a separator (',') between them.", .example = "STRING_AGG(x, '; ') over ['a', NULL, 'b']", .result = "a; b"},
    {.name = "BOOL_AND", .signature = "condition", .min_args = 1, .max_args = 1, .handles_null = true, .aggregate = true, .special = SPECIAL_COUNT_STAR, .call = fn_aggregate,
     .doc = "TRUE if the condition is true in all records, NULLs left out.", .example = "BOOL_AND(x > 1) over [2, NULL, 3]", .result = "true"},
    {.name = "BOOL_OR", .signature = "condition", .min_args = 1, .max_args = 1, .handles_null = true, .aggregate = true, .special = SPECIAL_COUNT_STAR, .call = fn_aggregate,
     .doc = "TRUE if the condition is true in any record.", .example = "BOOL_OR(x > 2) over [2, NULL, 3]", .result = "true"},
};

const Package aggregate_package = {
    .name = "aggregate",
    .doc = "Many records in, one value out: with GROUP BY, over a whole dataset, or OVER a window.",
    .functions = rows,
    .function_count = sizeof rows / sizeof rows[0],
};
