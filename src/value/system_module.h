/* system_module.h - the interface of modules for systems that hold rows and are no files: databases (dcetl-postgres.so,
 * dcetl-mysql.so, dcetl-sqlite.so, dcetl-odbc.so), message logs (dcetl-kafka.so). Data goes both ways by the Arrow C data interface.
 *
 * A module exports one SystemModule per system. It throws nothing, keeps no state outside of its handles, and says what is wrong in a
 * TableError: a text without passwords, in the server's words where it has some, and the way out. All functions return 0,
 * or -1 with the error set, unless they say otherwise. What waits for a server asks host->stopped() at least twice a second and gives
 * up when it is true. Connections that were lost before anything was read or written are tried again, with a growing pause.
 */
#ifndef VALUE_SYSTEM_MODULE_H
#define VALUE_SYSTEM_MODULE_H

#include "value/table_module.h"

enum { SYSTEM_MODULE_VERSION = 2 };

typedef struct System System;             /* the module's: a server and how to log in; it opens connections as it needs them */
typedef struct SystemPlan SystemPlan;     /* the module's: something to be read */
typedef struct SystemWriter SystemWriter; /* the module's: something to be written */

/* What the program gives to a module; lives until the System is closed. Its functions may be called by any thread. */
typedef struct SystemHost SystemHost;
struct SystemHost {
  bool (*stopped)(void);                  /* the run is to end */
  void (*secret)(const char *text);       /* never to be shown: masked in every message from now on (a password within a URL) */
  void (*warn)(const SystemHost *host, const char *text); /* a warning about the statement that runs */
};

typedef struct SystemQuery {
  const char *from;           /* what FROM says: a table, a query, a topic; of a list its first item */
  const char *const *list;    /* all items of FROM: more than one only where the module takes lists */
  uint32_t list_count;
  const char *const *columns; /* the VALUE list without "_"; count 0: all there are */
  uint32_t column_count;
  uint32_t partitions;        /* as CREATE asks by PARTITION n; 0: as the module thinks */
} SystemQuery;

typedef enum SystemMode {
  SYSTEM_ERROR,   /* what is there already is an error */
  SYSTEM_APPEND,  /* rows are put to those that are there; what is missing is made */
  SYSTEM_REPLACE, /* they are replaced, in one transaction */
  SYSTEM_IGNORE,  /* what is there is left as it is, and nothing is written */
  SYSTEM_UPSERT,  /* rows with the key of one that is there replace it */
} SystemMode;

typedef struct SystemTarget {
  const char *into;           /* what INTO says: a table, a topic */
  SystemMode mode;
  const char *const *keys;    /* of SYSTEM_UPSERT: names of columns */
  uint32_t key_count;
  const char *const *columns; /* of the dataset, in order */
  uint32_t column_count;
  /* Of this module, in the script so far: plans that are not acknowledged yet, and writers that wait for finish. */
  SystemPlan *const *plans;
  uint32_t plan_count;
  SystemWriter *const *waiting;
  uint32_t waiting_count;
} SystemTarget;

typedef struct SystemModule {
  uint32_t version;   /* SYSTEM_MODULE_VERSION */
  const char *name;   /* "PostgreSQL" */
  bool lists;         /* FROM may be a list of names */

  /* Reads the options (parameters of the adapter as the script gave them, module's own names) and logs in. host is kept. */
  int (*connect)(const SystemHost *host, const TableOption *options, uint32_t option_count, System **out, TableError *error);
  void (*close)(System *system); /* all plans and writers are freed before */

  /* --- Reading; NULL: not possible --- */
  /* Finds out the columns, as a struct type which the caller releases, and how many partitions there are (at least 1). Rows are read later. */
  int (*plan)(System *system, const SystemQuery *query, SystemPlan **out, struct ArrowSchema *schema, uint32_t *partitions, TableError *error);
  /* The rows of a partition in order, in batches of at most max_rows and not much more than some megabytes, only columns whose mark
     is set (at least one; columns NULL: all); the batches have these alone, in the plan's order. A partition is read once. Several
     partitions may be opened and read at once, each with its stream and connection; the calls for one stream come one after another,
     from any thread. Its release may come before its end (LIMIT, a failure): the connection is closed or cleared then, without waiting
     for the rest. A second line of what get_last_error says is the way out. */
  int (*read)(SystemPlan *plan, uint32_t partition, const uint8_t *columns, uint32_t max_rows, struct ArrowArrayStream *out, TableError *error);
  /* The script has succeeded and its outputs are complete: what streams of its plans gave is in them or was dropped by the script, and
     the system may forget it (offsets of a message log). The module knows which streams came to their end, and warns where some did not.
     Called once with all plans of the module. NULL: there is nothing to be told. */
  int (*acknowledge)(SystemPlan *const *plans, uint32_t plan_count, TableError *error);
  /* Rows that its streams gave, or might have given, were not taken (LIMIT, a failure that the script went on after). NULL as acknowledge. */
  void (*cut)(SystemPlan *plan);
  void (*free_plan)(SystemPlan *plan); /* all its streams are released before */

  /* --- Writing; NULL: not possible. The calls for one writer come one after another, from any thread. --- */
  /* Looks at the target without a change; may be called more than once for one target, and for some columns only (none: just *skip is
     asked for). *types: a struct with a field for each column, of the type that the target has for it, or of
     the null type ("n") where it takes what comes; the caller releases it. *skip: SYSTEM_IGNORE, and it is there. */
  int (*target)(System *system, const SystemTarget *target, SystemWriter **out, struct ArrowSchema *types, bool *skip, TableError *error);
  /* The types of the columns are known (those of `target`, where it gave some): begins a transaction, makes what is missing. */
  int (*begin)(SystemWriter *writer, const struct ArrowSchema *schema, TableError *error);
  int (*write)(SystemWriter *writer, struct ArrowArray *batch, TableError *error); /* takes the batch over, also on failure; it has at least one row */
  /* All of it becomes visible at once; -1: nothing does. */
  int (*commit)(SystemWriter *writer, TableError *error);
  /* After commit: does it become visible only by finish? Such a writer is kept until then. NULL: never. */
  bool (*waits)(const SystemWriter *writer);
  /* The script has succeeded, its other outputs are complete: all becomes visible at once, and so do the acknowledgements of those plans of
     the module that the writer's transaction can take along, whose marks are set. Freed without it, nothing remains. NULL as waits. */
  int (*finish)(SystemWriter *writer, SystemPlan *const *plans, uint8_t *acknowledged, uint32_t plan_count, TableError *error);
  void (*free_writer)(SystemWriter *writer); /* without a commit nothing remains of it, not even a table that begin made */

  /* --- Statements; NULL: not possible --- */
  /* Runs one statement in a transaction of its own. row: a struct array with one value of each parameter, bound, never put into the
     text (length 0 children: none); lent. *affected: rows, -1: not known. */
  int (*execute)(System *system, const char *statement, const struct ArrowSchema *types, const struct ArrowArray *row, int64_t *affected, TableError *error);
} SystemModule;

#endif
