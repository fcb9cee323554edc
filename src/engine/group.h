/* group.h - what the files of GROUP BY share. */
#ifndef ENGINE_GROUP_H
#define ENGINE_GROUP_H

#include "engine/aggregate.h"
#include "engine/compute.h"
#include "engine/spill.h"
#include "engine/table.h"

/* An argument of aggregates; equal ones are evaluated once. */
typedef struct GroupInput {
  const Expr *expr;
  const Aggregate *reader; /* turns values into numbers; NULL: values as they are */
} GroupInput;

typedef struct GroupCall {
  Aggregate aggregate;
  size_t offset;          /* of its state */
  bool shared;            /* an earlier call has the same state */
  int inputs[2];
  int pairs;              /* DISTINCT, MODE: takes the values of that table, each once; -1: those of all records */
  atomic_bool texts, other_texts; /* MIN, MAX: it saw texts; one that is no number */
} GroupCall;

/* Each value of an input once for each group, and how often it came. */
typedef struct GroupPairs {
  Table *table;
  int input;
} GroupPairs;

/* Groups in order of their first records: rows in memory, or finished ones in the file. */
typedef struct GroupRun {
  TableRow **rows;
  size_t count;
  uint64_t offset, len;
} GroupRun;

typedef struct Grouper {
  Consumer consumer;
  Dataset *node;
  const GroupPlan *plan;
  GroupInput *inputs;
  size_t input_count;
  GroupCall *calls;
  Table *table;
  GroupPairs *pairs;
  size_t pair_count;
  size_t room;
  Buf *buffers;     /* of each worker: keys */
  Buf *pair_buffers;
  uint64_t *at;     /* of each worker: rows of the morsel so far */
  const GroupPairs *feeding;
  pthread_mutex_t lock; /* of runs */
  GroupRun *runs;
  size_t run_count, run_cap;
  SpillFile finished;   /* runs of tables that have spilled */
} Grouper;

/* Positions of records: morsel, then row. */
enum { POSITION_ROW_BITS = 36 };
static inline uint64_t position_of(uint64_t seq, uint64_t row) { return seq << POSITION_ROW_BITS | row; }

/* Appends the bytes of row i's keys, by which groups are told apart. */
void group_put_key(Buf *out, const Vector *keys, size_t count, uint32_t i);
/* Do the bytes tell the value itself? 1 and 1.0 have the same. */
bool group_key_tells(Value value);
/* The value that bytes of a key tell; gives their end. Text stays in them. */
const char *group_read_key(const char *bytes, Value *out);
/* Rows of a part of grouper->table, into a run: for TableOps. */
DcCode group_emit(void *grouper, int worker, TableRow **rows, size_t count, Arena *arena, DcError *err) DC_MUST_CHECK;
/* The output: all groups in order of their first record. grouper->table has all records; it is finished here. */
DcCode group_output(Grouper *grouper, DcError *err) DC_MUST_CHECK;

#endif
