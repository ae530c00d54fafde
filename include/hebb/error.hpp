/// The exception family of Hebb. Every message says what was given, what was expected, and where.
#pragma once

#include <stdexcept>
#include <string>

namespace hebb {

/// Root of every exception Hebb throws on purpose.
class Error : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// Shapes or types of tensors do not fit together.
class ShapeError : public Error {
 public:
  using Error::Error;
};

/// The content of a data set is unusable: ragged rows, labels out of range, NaN, wrong feature count.
class DataError : public Error {
 public:
  using Error::Error;
};

/// A file is malformed, truncated, or cannot be read or written.
class FormatError : public Error {
 public:
  using Error::Error;
};

/// An option, a model description or a configuration asks for something impossible.
class ConfigError : public Error {
 public:
  using Error::Error;
};

/// Training produced a value that is not finite.
class DivergedError : public Error {
 public:
  using Error::Error;
};

}  // namespace hebb
