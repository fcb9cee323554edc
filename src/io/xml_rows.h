/* xml_rows.h - XML text to rows: the elements that a path leads to, each as columns by paths or as one object.
 *
 * A row inside of a row is a part of it. A column that is not there is NULL, an empty element an empty text; of several
 * elements that a column's path leads to the first one counts. The text of an element is all text inside of it, "." the
 * row's own.
 */
#ifndef IO_XML_ROWS_H
#define IO_XML_ROWS_H

#include "io/xml_path.h"
#include "value/value.h"

typedef struct XmlShape {
  XmlPath row;
  const XmlPath *columns;
  const uint8_t *needed;   /* one byte a column: others are not looked for, and NULL; NULL: all */
  size_t column_count;     /* 0: a row is one value, an OBJECT (xml_object.h) */
  const char *encoding;    /* NULL: as the file says */
  uint64_t most;           /* bytes that a row may have */
} XmlShape;

typedef struct XmlRows XmlRows;
/* One row; the cells are lent for the call. */
typedef DcCode (*XmlRowFn)(void *self, const Value *cells, DcError *err);

/* name: of the file, for errors. It and what shape refers to outlive the result. */
DcCode xml_rows_new(const char *name, const XmlShape *shape, XmlRowFn row, void *self, XmlRows **out, DcError *err) DC_MUST_CHECK;
/* The next bytes of the file; last: there are no more. Calls row for each row that ends in them. */
DcCode xml_rows_parse(XmlRows *rows, const char *data, size_t size, bool last, DcError *err) DC_MUST_CHECK;
/* Bytes that are understood: those behind them wait for the end of a tag or the like, which is looked for again with each piece. So
   pieces should grow while this does not. */
uint64_t xml_rows_position(const XmlRows *rows);
/* The path of some element that is no row, and no part of one: for the message that there are no rows. "" if there is none. */
const char *xml_rows_other(const XmlRows *rows);
void xml_rows_free(XmlRows *rows); /* NULL is fine */

#endif
