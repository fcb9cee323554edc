/* window.c - the rows of the functions that only OVER gives a meaning. What they do is in engine/window_eval.c. The
 * example is an item over a dataset x with the values of an array: "RANK() OVER (ORDER BY x) over [5, 7, 5]" gives an
 * array of the results.
 */
#include "pkg/packages.h"

static DcCode fn_window(CallContext *cx, const Value *args, int count, Value *result) {
  (void)args, (void)count, (void)result;
  return dc_fail(cx->err, "this function looks at the records around one: it needs OVER (…)");
}

static const Function rows[] = {
    {.name = "ROW_NUMBER", .signature = "", .min_args = 0, .max_args = 0, .handles_null = true, .aggregate = true, .special = SPECIAL_WINDOW, .call = fn_window,
     .doc = "The number of the record in its window's order, from 1; of equal ones the first in the dataset comes first.", .example = "ROW_NUMBER() OVER (ORDER BY x) over [7, 5, 7]", .result = "[2, 1, 3]"},
    {.name = "RANK", .signature = "", .min_args = 0, .max_args = 0, .handles_null = true, .aggregate = true, .special = SPECIAL_WINDOW, .call = fn_window,
     .doc = "The rank of the record; equal ones share the lowest, and the next rank is left out.", .example = "RANK() OVER (ORDER BY x) over [7, 5, 5]", .result = "[3, 1, 1]"},
    {.name = "DENSE_RANK", .signature = "", .min_args = 0, .max_args = 0, .handles_null = true, .aggregate = true, .special = SPECIAL_WINDOW, .call = fn_window,
     .doc = "The rank of the record, where no rank is left out.", .example = "DENSE_RANK() OVER (ORDER BY x) over [7, 5, 5]", .result = "[2, 1, 1]"},
    {.name = "PERCENT_RANK", .signature = "", .min_args = 0, .max_args = 0, .handles_null = true, .aggregate = true, .special = SPECIAL_WINDOW, .call = fn_window,
     .doc = "(RANK - 1) / (records - 1): 0 for the first; 0 if there is but one.", .example = "PERCENT_RANK() OVER (ORDER BY x) over [7, 5, 9]", .result = "[0.5, 0.0, 1.0]"},
    {.name = "CUME_DIST", .signature = "", .min_args = 0, .max_args = 0, .handles_null = true, .aggregate = true, .special = SPECIAL_WINDOW, .call = fn_window,
     .doc = "The share of the records that come before this one or are equal to it.", .example = "CUME_DIST() OVER (ORDER BY x) over [7, 5]", .result = "[1.0, 0.5]"},
    {.name = "NTILE", .signature = "n", .min_args = 1, .max_args = 1, .handles_null = true, .aggregate = true, .special = SPECIAL_WINDOW, .call = fn_window,
     .doc = "Which of n parts of like size the record is in, from 1; the first parts are the longer ones.", .example = "NTILE(2) OVER (ORDER BY x) over [1, 2, 3]", .result = "[1, 1, 2]"},
    {.name = "LAG", .signature = "x [, n [, default]]", .min_args = 1, .max_args = 3, .handles_null = true, .aggregate = true, .special = SPECIAL_WINDOW, .call = fn_window,
     .doc = "The value of x n records (1) before; the default (NULL) where there is none.", .example = "LAG(x, 1, 0) OVER (ORDER BY x) over [7, 5, 9]", .result = "[5, 0, 7]"},
    {.name = "LEAD", .signature = "x [, n [, default]]", .min_args = 1, .max_args = 3, .handles_null = true, .aggregate = true, .special = SPECIAL_WINDOW, .call = fn_window,
     .doc = "The value of x n records (1) behind; the default (NULL) where there is none.", .example = "LEAD(x) OVER (ORDER BY x) over [7, 5, 9]", .result = "[9, 7, null]"},
    {.name = "FIRST_VALUE", .signature = "x", .min_args = 1, .max_args = 1, .handles_null = true, .aggregate = true, .special = SPECIAL_WINDOW, .call = fn_window,
     .doc = "The value of x of the first record in the frame.", .example = "FIRST_VALUE(x) OVER (ORDER BY x DESC) over [7, 5, 9]", .result = "[9, 9, 9]"},
    {.name = "LAST_VALUE", .signature = "x", .min_args = 1, .max_args = 1, .handles_null = true, .aggregate = true, .special = SPECIAL_WINDOW, .call = fn_window,
     .doc = "The value of x of the last record in the frame, which ends with the current one unless said otherwise.", .example = "LAST_VALUE(x) OVER (ORDER BY x) over [7, 5]", .result = "[7, 5]"},
    {.name = "NTH_VALUE", .signature = "x, n", .min_args = 2, .max_args = 2, .handles_null = true, .aggregate = true, .special = SPECIAL_WINDOW, .call = fn_window,
     .doc = "The value of x of the nth record in the frame, from 1; NULL where there is none.", .example = "NTH_VALUE(x, 2) OVER (ORDER BY x) over [7, 5]", .result = "[7, null]"},
};

const Package window_package = {
    .name = "window",
    .doc = "Places among the records around one: OVER (PARTITION BY … ORDER BY …).",
    .functions = rows,
    .function_count = sizeof rows / sizeof rows[0],
};
