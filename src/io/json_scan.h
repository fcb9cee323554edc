/* json_scan.h - cuts JSON text into records: the elements of an array, or documents one after another.
 *
 * Only strings, brackets and separators are looked at, so that cutting runs at the speed of memory; whether a record is
 * JSON is found by those who read it. What stands between the records is checked here: RFC 8259, RFC 7464 (documents
 * behind a record separator, U+001E).
 */
#ifndef IO_JSON_SCAN_H
#define IO_JSON_SCAN_H

#include "io/cutter.h"
#include "io/text_scan.h"

typedef enum JsonLayout { JSON_AUTO, JSON_LINES, JSON_ARRAY, JSON_DOCUMENTS } JsonLayout;

/* The layout of a file that begins with text; ended: that is all of it. An array, unless it ends in its first line and more
   follows; lines, if the first one is a whole document; else documents. */
JsonLayout json_layout(const char *text, size_t len, bool ended);

/* For JSON_ARRAY or JSON_DOCUMENTS. path: names of members, from the outermost object, that lead to the array; count 0: the
   array is the document. The path is borrowed. Documents are objects or arrays; any value where a separator precedes. */
Cutter *json_cutter(JsonLayout layout, const Str *path, size_t count);

/* The end of the object or array that begins at text[start]; 0: it is not complete in text[0, len). */
size_t json_value_end(const char *text, size_t start, size_t len);

#endif
