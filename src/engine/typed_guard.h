/* typed_guard.h - files of typed columns whose library may crash on damaged ones (ORC): a helper process reads them
 * (base/helper.h), which the rest of the program sees as a TableModule like any other.
 *
 * typed_guard.c: the program's side; typed_serve.c: the helper's side, over the real module. The program asks, the helper
 * answers; in between the helper may ask for bytes of the file, so it has none open.
 */
#ifndef ENGINE_TYPED_GUARD_H
#define ENGINE_TYPED_GUARD_H

#include "base/helper.h"
#include "value/table_module.h"

/* In memory: what is in the memory that both see. Texts are terminated by NUL, one behind the other. */
typedef enum GuardKind {
  GUARD_READY, /* the helper has opened its module */
  GUARD_FAILED, /* a TableError is in memory */
  /* Questions */
  GUARD_OPEN,  /* size: the file's bytes; offset: bytes in memory: names and values of `number` options */
  GUARD_READ,  /* of unit `number`, batches of at most size rows; offset: how many marks of columns are in memory; 0: all columns */
  GUARD_NEXT,
  GUARD_END,   /* no more of this unit */
  GUARD_CLOSE, /* the file */
  /* Answers */
  GUARD_OPENED, /* number of units; size: bytes in memory: the type of the rows, then each TableUnit */
  GUARD_DONE,   /* READ: the type of its rows is in memory, size bytes */
  GUARD_BATCH,  /* size: bytes in memory: an array; 0: there are no more */
  /* Asked by the helper before it answers */
  GUARD_NEED,  /* size bytes of the file at offset */
  GUARD_BYTES, /* its answer: size bytes are in memory */
} GuardKind;

/* ORC files, for reading only. A stream's array is to be released before the next one is asked for. Fails where no helper
   can be had, because the module is missing for example. */
DcCode guard_orc(const TableModule **out, DcError *err) DC_MUST_CHECK;
/* Ends the helpers that have nothing to do. */
void guard_end(void);

/* The helper's side: answers until the program ends. Gives an error at once, or never comes back. */
DcCode guard_serve(const TableModule *module, Helper *program, DcError *err);
/* What main calls for --helper WORK. */
DcCode guard_work(const char *work, DcError *err);

#endif
