/* cutter.h - cuts the bytes of one file, in order, into records that are no lines. */
#ifndef IO_CUTTER_H
#define IO_CUTTER_H

#include "io/text_scan.h"

typedef struct Cutter Cutter;
typedef struct CutterOps {
  /* Appends the records that are complete in text[0, len), which goes on where the last call stopped, to rows (empty): record i
     is text[offsets[i] … offsets[i + 1]), the last one ends at *used. What stands between them is overwritten with blanks. ended:
     the file ends with the text. *used: bytes that are done with; no rows and 0 of them: more text is needed, or, with ended,
     all is well. An error comes alone, without rows, at *used, and again if it is asked again. 64 bytes behind the text are readable. */
  DcCode (*cut)(Cutter *cutter, char *text, size_t len, bool ended, RowIndex *rows, size_t *used, DcError *err);
  void (*free)(Cutter *cutter);
} CutterOps;
struct Cutter {
  const CutterOps *ops;
};

/* Records of so many bytes or characters each, without line ends. A last one that consists of line ends or U+001A is none. */
Cutter *record_cutter(size_t length, bool characters);

#endif
