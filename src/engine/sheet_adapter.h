/* sheet_adapter.h - spreadsheets: parameters, and one file that is read. */
#ifndef ENGINE_SHEET_ADAPTER_H
#define ENGINE_SHEET_ADAPTER_H

#include "engine/load.h"
#include "io/sheet_value.h"

typedef struct SheetOptions {
  Str sheet;       /* its name; data NULL: not given */
  int64_t number;  /* from 1; 0: not given */
  bool header;
  uint64_t skip;   /* rows above the header */
  SheetRange range;
  bool ranged;     /* @range is given */
} SheetOptions;

extern const Format sheet_format;

/* A file in memory, opened, with the columns of its sheet. */
typedef struct SheetFile {
  const InputFile *input;
  const SheetOptions *options;
  const SheetModule *module;
  Slab *slab;
  size_t size;
  uint64_t disk_bytes;
  SheetBook *book;
  uint32_t sheet;
  bool from_1904;
  Arena arena;
  bool has_rows;         /* else nothing below is known */
  uint32_t first_column; /* in the sheet */
  uint32_t width;        /* columns */
  Str *names;            /* of the header, or letters */
  uint32_t above;        /* the row above the first one with data */
} SheetFile;

/* Reads the file and finds its sheet and its columns. */
DcCode sheet_file_open(Engine *engine, const InputFile *input, const SheetOptions *options, SheetFile **out, DcError *err) DC_MUST_CHECK;
void sheet_file_close(SheetFile *file); /* NULL is fine */
/* "book.xlsx: what is wrong" */
DcCode sheet_file_fail(const SheetFile *file, const SheetError *error, DcError *err);
/* The one of file 0 that was opened for its columns, if nobody has taken it; else NULL. */
SheetFile *sheet_take_kept(LoadPlan *plan);
DcCode sheet_reader_open(Dataset *node, const ReadSpec *spec, Reader **out, DcError *err) DC_MUST_CHECK;

#endif
