"""The tables, as the migrations made them."""

from chassis.inbox import inbox_table
from sqlalchemy import Column, MetaData, Table, Text

metadata = MetaData()
inbox = inbox_table(metadata)
greetings = Table(
    "greetings",
    metadata,
    Column("account_id", Text, primary_key=True),
    Column("full_name", Text, nullable=False),
)
