/* kernels.h - vector implementations of the operators and functions that run over many rows. */
#ifndef ENGINE_KERNELS_H
#define ENGINE_KERNELS_H

#include "engine/view.h"

/* Runs a kernel over evaluated operands. *done = false: it has no way for these types, the caller goes row by row. */
DcCode kernel_run(Worker *worker, Kernel kernel, const Expr *expr, View *view, const Vector *args, Vector *out, bool *done) DC_MUST_CHECK;
/* RANDOM n with a literal integer n; false: not that. */
bool kernel_random(Worker *worker, const Program *program, const Expr *expr, const View *view, Vector *out);
/* A constant vector. */
Vector kernel_literal(Worker *worker, Value value);

#endif
