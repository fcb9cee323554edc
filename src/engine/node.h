/* node.h - the nodes of lazy plans and what runs them; for files of engine/ only. */
#ifndef ENGINE_NODE_H
#define ENGINE_NODE_H

#include "engine/engine.h"
#include "engine/plan.h"
#include "engine/view.h"

typedef struct Store Store;       /* engine/store.h */
typedef struct LoadPlan LoadPlan; /* engine/load.h */

typedef enum NodeKind {
  NODE_SOURCE,   /* files */
  NODE_NARROW,   /* filter, projection, key: partition by partition */
  NODE_CHOOSE,   /* some partitions of the input */
  NODE_SHUFFLE,  /* by key */
  NODE_RECUT,    /* contiguous blocks in order */
  NODE_DISTINCT,
  NODE_LIMIT,    /* the first rows, or some random ones */
  NODE_COUNT,    /* ungrouped COUNT(*) */
  NODE_STORED,   /* made rows */
  NODE_UNION,    /* the partitions of all inputs, one after another */
  NODE_UNION_XOR, /* of all inputs: (key, record) pairs that only one input has; partitions as NODE_UNION */
  NODE_UNION_AND, /* of the first input: pairs that all inputs have, as often as the one that has the fewest */
  NODE_JOIN,     /* two inputs */
  NODE_GROUP,
  NODE_SORT,
  NODE_WINDOW,
  NODE_TRANSFORM, /* a TRANSFORM written in TDL, partition by partition */
} NodeKind;

typedef struct ProjectItem {
  int column;       /* the input's column as it is; -1: expr */
  const Expr *expr;
} ProjectItem;

/* Makes the columns of a view's records anew, all rows of it at once: a built-in transform. */
typedef struct Reshape Reshape;
struct Reshape {
  /* columns[0 … column_count) get the vectors; a record that cannot be transformed goes to view_bad_row; rows to drop are
     marked in view->bad. An error is in worker->err. */
  DcCode (*apply)(const Reshape *self, Worker *worker, View *view, Vector *columns);
  uint32_t column_count;
  Position pos;
};

/* filter, then sample, then columns, then key; each may be absent. */
typedef struct NarrowOp {
  Program *program;
  const Expr *where;
  double share;      /* of rows kept at random; < 0: no sample */
  ProjectItem *items;
  size_t item_count; /* 0: all columns stay */
  bool project;
  const Expr *key;
  bool random_key;   /* BY RANDOM */
  const Reshape *reshape; /* gives all columns in place of items */
  uint32_t carried;       /* so many last columns of the input stay behind those of reshape */
  const Schema *schema;   /* of the records that it gives: the node's */
} NarrowOp;

enum { MAX_PARTITIONS = 1 << 24 }; /* each costs some bytes in tables */
#define NO_PART UINT32_MAX

struct Dataset {
  atomic_int refs;
  int loans; /* of refs: held by a caller that waits for the result */
  NodeKind kind;
  Engine *engine;
  Arena arena; /* names, items, parts */
  Schema schema;
  uint32_t partitions;
  bool keyed; /* KEY has set a key */
  Dataset *input;     /* the only one */
  Dataset **inputs;   /* UNION, JOIN: in the arena; input is NULL then */
  uint32_t input_count;
  Position pos;
  int statement;
  LoadPlan *load;     /* SOURCE */
  NarrowOp op;        /* NARROW */
  uint32_t *parts;    /* CHOOSE: the input's partition for each; NO_PART: empty */
  LimitKind limit_kind; /* LIMIT */
  uint64_t limit;
  bool distinct_key;  /* DISTINCT KEY */
  GroupPlan *group;   /* GROUP, and so on: in the arena, bound by op.program */
  SortPlan *sort;
  bool keyless;       /* SORT: nobody can ask for its records' keys */
  WindowPlan *window;
  JoinPlan *join;
  TransformPlan *transform;
  Store *store;       /* what is computed; NULL: nothing */
  uint8_t *done;      /* one byte a partition: it is in the store */
};

/* A node over input (its reference is taken over; may be NULL) with the schema and partitions of input. */
Dataset *node_new(Engine *engine, NodeKind kind, Dataset *input);
/* A node over several inputs (the references are taken over) with schema and partitions of the first. */
Dataset *node_over(Engine *engine, NodeKind kind, Dataset *const *inputs, uint32_t count);
/* Gives back the references to the node's inputs. */
void node_drop_inputs(Dataset *node);
void node_schema(Dataset *node, DatasetType type, const Str *names, size_t count); /* names are copied */
void node_schema_like(Dataset *node, const Schema *schema);
/* The types of its columns; an entry may be NULL. They are copied. */
void node_types(Dataset *node, const struct ArrowSchema *const *types);
/* The types of a projection's columns that are columns of its input. */
void node_item_types(Dataset *node);
/* Makes it Structured: one column "_value" of objects; attributes are the names that are known, copied. */
void node_structured(Dataset *node, const Str *attributes, size_t count);
/* Compute the node's store for all partitions that parts names (NULL: all). */
DcCode node_compute(Dataset *node, const uint32_t *parts, uint32_t count, DcError *err) DC_MUST_CHECK;
bool node_is_breaker(const Dataset *node);

#endif
