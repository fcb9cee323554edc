/* sheet.h - the parts of the module dcetl-sheet.so: packages (package.c), the book (book.c), styles (style.c), shared texts
 * (texts.c), rows (rows.c). */
#ifndef MODULES_SHEET_H
#define MODULES_SHEET_H

#include <expat.h>

#include "module.h"
#include "io/sheet_module.h"

int sheet_no_memory(SheetError *error);

/* --- package.c: a zip archive of parts --- */

typedef struct Package {
  const void *data;
  size_t size;
} Package;

typedef struct Part Part; /* one that is being read */

/* The part of that name (any case, "/" in front or not). 0: it is not there. */
int part_open(const Package *package, const char *name, Part **out, SheetError *error);
/* Up to size bytes; *got = 0: the end, and the checksum is right. */
int part_read(Part *part, void *data, size_t size, size_t *got, SheetError *error);
void part_close(Part *part); /* NULL is fine */

/* --- XML of parts --- */

typedef struct Xml {
  XML_Parser expat;
  Part *part;
  const char *name; /* of the part */
  SheetError *error;
  bool failed, stopped; /* a handler has set the error; wants no more */
} Xml;

/* Handlers get self. 1: opened, 0: there is no such part, -1: the error. */
int xml_open(Xml *xml, const Package *package, const char *part, XML_StartElementHandler start, XML_EndElementHandler end, XML_CharacterDataHandler text,
             void *self, SheetError *error);
/* One piece more. 1: go on, 0: the end, or stopped. */
int xml_next(Xml *xml, SheetError *error);
void xml_close(Xml *xml);
/* Opens, reads all of it and closes. 1: done, 0: there is no such part. */
int xml_read(Xml *xml, const Package *package, const char *part, XML_StartElementHandler start, XML_EndElementHandler end, XML_CharacterDataHandler text,
             void *self, SheetError *error);
void xml_fail(Xml *xml, const char *what);  /* inside a handler */
void xml_text(Xml *xml, Bytes *to, const char *data, int len); /* puts text there, inside a handler */
void xml_stop(Xml *xml);                    /* inside a handler: no more is wanted */
const char *local_name(const char *name);   /* without its prefix */
/* An attribute by its local name; prefixed tells which of "id" and "r:id" is meant. NULL: not there. */
const char *attribute(const XML_Char **list, const char *name, bool prefixed);
bool attribute_true(const XML_Char **list, const char *name);

/* --- style.c, texts.c --- */

/* Number formats of cells. */
typedef struct Styles {
  struct { int id; SheetLook look; } *formats; /* of the file's own */
  size_t format_count, format_cap;
  uint8_t *looks; /* a SheetLook for each style */
  size_t count, cap;
} Styles;
SheetLook look_of_format(const char *format, size_t len); /* "yyyy-mm-dd": LOOK_DATE */
int styles_read(const Package *package, const char *part, Styles *out, SheetError *error);

void unescape_text(Bytes *text, size_t from); /* _x000D_ in what stands behind `from` */

typedef struct Texts {
  Bytes chars;
  size_t *ends;
  size_t count, cap;
} Texts;
int texts_read(const Package *package, const char *part, uint64_t memory, Texts *out, SheetError *error);

/* --- book.c --- */

typedef struct Sheet {
  char *name, *part;
  char *relation; /* its id */
  bool hidden, has_cells;
} Sheet;

struct SheetBook {
  Package package;
  Sheet *sheets;
  size_t count, cap;
  char *styles_part, *texts_part;
  Styles styles;
  Texts texts;
  bool texts_known;
  bool from_1904;
  uint64_t memory;
};
int book_open(const void *data, size_t size, uint64_t memory, SheetBook **out, SheetError *error);
void book_close(SheetBook *book);

/* --- rows.c --- */
int rows_start(SheetBook *book, uint32_t sheet, SheetRowFn row, void *self, SheetRows **out, SheetError *error);
int rows_next(SheetRows *rows, SheetError *error);
int32_t rows_last_column(const SheetRows *rows);
void rows_close(SheetRows *rows);

#endif
