"""Migrations beside what serves: releases that are tried, and tables that are measured."""
