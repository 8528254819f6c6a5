#include "ccharconv.h"

#include <charconv>

size_t cc_shortest(double value, char *text) {
    return static_cast<size_t>(std::to_chars(text, text + 32, value, std::chars_format::scientific).ptr - text);
}
