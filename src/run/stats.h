/* stats.h - what each statement of a run has cost, for --stats. Borrows the statements. */
#ifndef RUN_STATS_H
#define RUN_STATS_H

#include "engine/dataset.h"

/* All executions of one statement together. */
typedef struct StatementTotal {
  const Stmt *stmt;
  uint64_t executions, deferred;
  StatementStats sum; /* peak_memory: the highest */
} StatementTotal;

typedef struct Execution {
  const Stmt *stmt;
  StatementStats stats;
} Execution;

enum { STATS_EXECUTIONS_MAX = 10000 }; /* kept one by one */

typedef struct Stats {
  StatementTotal *totals; /* in order of first execution */
  size_t count, cap;
  uint32_t *by_number; /* statement number to index + 1 in totals */
  size_t number_cap;
  Execution *executions;
  size_t execution_count, execution_cap;
} Stats;

void stats_add(Stats *stats, const Stmt *stmt, const StatementStats *cost);
void stats_deinit(Stats *stats);
void stats_table(const Stats *stats, Buf *out);
void stats_json(const Stats *stats, Buf *out);

/* "CREATE", "LET … SELECT": the kind of a statement in messages. */
const char *stmt_kind_name(StmtKind kind);
/* The statement's text on one line, cut to width characters with "…". */
void stmt_text(const Stmt *stmt, size_t width, Buf *out);

#endif
