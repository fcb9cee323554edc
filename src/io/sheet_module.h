/* sheet_module.h - the interface of the module dcetl-sheet.so (modules/sheet/): cells of Office Open XML workbooks (.xlsx,
 * .xlsm; ECMA-376), by libarchive and expat.
 *
 * Functions that may fail return -1 with the error set, without the file's name. A book and what comes from it is used by
 * one thread at a time.
 */
#ifndef IO_SHEET_MODULE_H
#define IO_SHEET_MODULE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { SHEET_MODULE_VERSION = 1, SHEET_MOST_ROWS = 1 << 20, SHEET_MOST_COLUMNS = 1 << 14 };

typedef struct SheetError {
  char text[500];
  char hint[300]; /* the way out; "": none */
} SheetError;

typedef enum SheetKind {
  SHEET_NUMBER,  /* the digits as they are stored */
  SHEET_TEXT,
  SHEET_BOOL,    /* "0" or "1" */
  SHEET_ERROR,   /* "#N/A" */
  SHEET_MOMENT,  /* ISO 8601 */
  SHEET_MISSING, /* a formula whose result is not stored */
} SheetKind;

/* What a cell's number format shows a number as. */
typedef enum SheetLook { LOOK_NUMBER, LOOK_DATE, LOOK_TIME, LOOK_BOTH, LOOK_ELAPSED } SheetLook;

/* A cell that is not empty. */
typedef struct SheetCell {
  uint32_t column; /* 0: A */
  SheetKind kind;
  SheetLook look;
  const char *text; /* lent for the call */
  size_t len;
} SheetCell;

/* One row, numbered from 1, with its cells from left to right, at least one. Rows come in order; those without cells are
   left out. false: no more of them, please. */
typedef bool (*SheetRowFn)(void *self, uint32_t row, const SheetCell *cells, uint32_t count);

typedef struct SheetInfo {
  const char *name;
  bool hidden, has_cells; /* a sheet of charts has none */
} SheetInfo;

typedef struct SheetBook SheetBook;
typedef struct SheetRows SheetRows;

typedef struct SheetModule {
  uint32_t version;
  /* The bytes of a file, lent until close_book; memory: how much the book's texts may take. */
  int (*open)(const void *data, size_t size, uint64_t memory, SheetBook **out, SheetError *error);
  uint32_t (*sheets)(const SheetBook *book);
  SheetInfo (*sheet)(const SheetBook *book, uint32_t index);
  bool (*from_1904)(const SheetBook *book); /* days count from 1904-01-01, not from 1899-12-31 */
  void (*close_book)(SheetBook *book);      /* NULL is fine */
  /* The rows of a sheet, handed to row by next. */
  int (*start)(SheetBook *book, uint32_t sheet, SheetRowFn row, void *self, SheetRows **out, SheetError *error);
  int (*next)(SheetRows *rows, SheetError *error); /* some rows more; 1: go on, 0: that was all, or row has said so */
  /* The last column that the sheet itself says it has, from 0; -1: it does not say. Known when the first row comes. */
  int32_t (*last_column)(const SheetRows *rows);
  void (*close)(SheetRows *rows); /* NULL is fine */
} SheetModule;

#endif
