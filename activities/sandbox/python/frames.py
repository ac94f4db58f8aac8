"""Data frames as they cross the border: {columns, values}, values column by column, with what each column is in `types`."""

import json
import math
from datetime import date, datetime, time
from decimal import Decimal

# What JavaScript's numbers hold exactly.
LARGEST = 2**53 - 1


def read(frame):
    import pandas

    types = frame.get("types") or [None] * len(frame["columns"])
    columns = [read_column(pandas, values, kind) for values, kind in zip(frame["values"], types)]
    # By position first: names may come twice.
    table = pandas.DataFrame(dict(enumerate(columns)))
    table.columns = pandas.Index(frame["columns"], dtype=object)
    return table


def read_column(pandas, values, kind):
    column = pandas.Series(values, dtype=object if not values or kind == "text" else None)
    if kind != "date":
        return column
    try:
        return pandas.to_datetime(column, format="ISO8601")
    except (ValueError, TypeError):
        # Of several time zones; what is out of pandas's reach stays text.
        try:
            return pandas.to_datetime(column, format="ISO8601", utc=True)
        except (ValueError, TypeError):
            return column


def write(table):
    import pandas

    columns, values, types = [], [], []
    parts = [(name, table.iloc[:, at]) for at, name in enumerate(table.columns)]
    for name, part in [*index_columns(pandas, table), *parts]:
        cells, kind = write_column(pandas, part)
        columns.append(name_of(name))
        values.append(cells)
        types.append(kind)
    return {"columns": columns, "values": values, "types": types}


def index_columns(pandas, table):
    """An index that says something: it has a name, or is not just numbers."""
    index = table.index
    levels = [index.get_level_values(at) for at in range(index.nlevels)]
    telling = any(level.name is not None or level.dtype.kind not in "iu" for level in levels)
    if not telling or not len(index):
        levels = [level for level in levels if level.name is not None]
    names = [level.name if level.name is not None else "index" for level in levels]
    return [(name, pandas.Series(level.array)) for name, level in zip(names, levels)]


def name_of(name):
    parts = name if isinstance(name, tuple) else (name,)
    return clean(" ".join(part for part in map(str, parts) if part))


def write_column(pandas, column):
    kind = column.dtype.kind
    if isinstance(column.dtype, pandas.CategoricalDtype):
        return write_column(pandas, column.astype(column.cat.categories.dtype if known(column) else object))
    if kind == "M":
        return write_dates(pandas, column), "date"
    if kind == "f":
        return [cell if math.isfinite(cell) else None for cell in numbers(column)], "number"
    plain = kind in "biu" and not hasattr(column.dtype, "na_value")
    cells = column.tolist() if plain else [write_cell(pandas, cell) for cell in column.tolist()]
    return of_one_kind(cells, column, pandas)


def known(column):
    return not column.isna().any() or column.cat.categories.dtype.kind in "OM"


def numbers(column):
    return column.to_numpy(dtype="float64", na_value=math.nan).tolist()


def write_dates(pandas, column):
    present = column.dropna()
    days = getattr(column.dt, "tz", None) is None and (present == present.dt.normalize()).all()
    return [None if cell is pandas.NaT else cell.date().isoformat() if days else cell.isoformat() for cell in column]


def of_one_kind(cells, column, pandas):
    kinds = {type(cell) for cell in cells if cell is not None}
    if kinds == {bool}:
        return cells, "boolean"
    if kinds == {int}:
        if any(cell is not None and abs(cell) > LARGEST for cell in cells):
            return [None if cell is None else str(cell) for cell in cells], "text"
        return cells, "integer"
    if kinds and kinds <= {int, float}:
        return cells, "number"
    if kinds == {str}:
        present = [cell for cell in column.tolist() if not missing(pandas, cell)]
        return cells, "date" if all(isinstance(cell, date) for cell in present) else "text"
    return [str(c) if type(c) is int and abs(c) > LARGEST else c for c in cells], "mixed"


def missing(pandas, cell):
    return cell is None or cell is pandas.NA or cell is pandas.NaT or (isinstance(cell, float) and cell != cell)


def write_cell(pandas, cell):
    if type(cell) is str:
        return clean(cell)
    if missing(pandas, cell):
        return None
    if hasattr(cell, "item") and hasattr(cell, "dtype") and getattr(cell, "ndim", 1) == 0:
        cell = cell.item()
    if isinstance(cell, bool):
        return bool(cell)
    if isinstance(cell, int):
        return int(cell)
    if isinstance(cell, (float, Decimal)):
        number = float(cell)
        return number if math.isfinite(number) else None
    if isinstance(cell, (date, datetime, time)):
        return cell.isoformat()
    if isinstance(cell, pandas.Timedelta):
        return cell.isoformat()
    if isinstance(cell, (bytes, bytearray)):
        return cell.decode("utf-8", "replace")
    if isinstance(cell, (list, tuple, dict)):
        return clean(json.dumps(cell, default=str, ensure_ascii=False))
    return clean(str(cell))


def clean(text):
    """Half a surrogate pair is no text that could be sent."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode("utf-8")
