/* xml_adapter.h - rows of XML by path. */
#ifndef ENGINE_XML_ADAPTER_H
#define ENGINE_XML_ADAPTER_H

#include "engine/adapter.h"

extern const Format xml_format;

#endif
