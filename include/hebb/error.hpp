/// The exception family of Hebb. Every message says what was given, what was expected, and where.
#pragma once

#include <stdexcept>
#include <string>

namespace hebb {

// The destructors are defined in a source file, so that the tables of these classes exist once, and not in
// each file that throws.

/// Root of every exception Hebb throws on purpose.
class Error : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
  ~Error() override;
};

/// Shapes or types of tensors do not fit together.
class ShapeError : public Error {
 public:
  using Error::Error;
  ~ShapeError() override;
};

/// The content of a data set is unusable: ragged rows, labels out of range, NaN, wrong feature count.
class DataError : public Error {
 public:
  using Error::Error;
  ~DataError() override;
};

/// A file is malformed, truncated, or cannot be read or written.
class FormatError : public Error {
 public:
  using Error::Error;
  ~FormatError() override;
};

/// An option, a model description or a configuration asks for something impossible.
class ConfigError : public Error {
 public:
  using Error::Error;
  ~ConfigError() override;
};

/// Training produced a value that is not finite.
class DivergedError : public Error {
 public:
  using Error::Error;
  ~DivergedError() override;
};

}  // namespace hebb
